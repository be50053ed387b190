// A receiver on Go's own server: it verifies a delivery and keeps nothing.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const bodyMost = 1 << 20

var key []byte

func isGood(header http.Header, body []byte) bool {
	id, moment := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(moment, 10, 64)
	if err != nil || id == "" || time.Since(time.Unix(seconds, 0)).Abs() > 300*time.Second {
		return false
	}
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, id)
	io.WriteString(mac, ".")
	io.WriteString(mac, moment)
	io.WriteString(mac, ".")
	mac.Write(body)
	wanted := mac.Sum(nil)
	for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
		if !strings.HasPrefix(signature, "v1,") {
			continue
		}
		given, err := base64.StdEncoding.DecodeString(signature[len("v1,"):])
		if err == nil && hmac.Equal(given, wanted) {
			return true
		}
	}
	return false
}

func receive(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, bodyMost))
	if err != nil {
		answer.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if request.Method != "POST" || !isGood(request.Header, body) {
		answer.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	io.WriteString(answer, `{"received":true}`)
}

func main() {
	var err error
	secret := strings.TrimPrefix(os.Getenv("OPENAI_WEBHOOK_SECRET"), "whsec_")
	if key, err = base64.StdEncoding.DecodeString(secret); err != nil {
		panic(err)
	}
	http.HandleFunc("/webhooks/openai", receive)
	address := "127.0.0.1:" + os.Args[1]
	if len(os.Args) > 3 {
		panic(http.ListenAndServeTLS(address, os.Args[2], os.Args[3], nil))
	}
	panic(http.ListenAndServe(address, nil))
}
