"""A receiver on FastAPI and the official SDK: it verifies a delivery and keeps it in SQLite."""

import os
import sqlite3

from fastapi import FastAPI, Request, Response
from openai import OpenAI

client = OpenAI(api_key="none", webhook_secret=os.environ["OPENAI_WEBHOOK_SECRET"])
journal = sqlite3.connect(os.environ["JOURNAL"], check_same_thread=False, isolation_level=None)
journal.execute("PRAGMA journal_mode=WAL")
journal.execute("PRAGMA synchronous=FULL")
journal.execute("CREATE TABLE IF NOT EXISTS deliveries (id TEXT PRIMARY KEY, body BLOB)")
app = FastAPI()


@app.post("/webhooks/openai")
async def receive(request: Request):
    body = await request.body()
    try:
        client.webhooks.unwrap(body, request.headers)
    except ValueError:
        return Response(status_code=401)
    journal.execute(
        "INSERT OR IGNORE INTO deliveries VALUES (?, ?)", (request.headers["webhook-id"], body)
    )
    return {"received": True}
