// Answers every request with its content, as Go's own server reads it.
package main

import (
	"io"
	"net/http"
	"os"
)

func echo(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, 1<<20))
	if err != nil {
		answer.Header().Set("Connection", "close")
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	answer.Write(body)
}

func main() {
	address, handler := "127.0.0.1:"+os.Args[1], http.HandlerFunc(echo)
	if len(os.Args) > 3 {
		panic(http.ListenAndServeTLS(address, os.Args[2], os.Args[3], handler))
	}
	panic(http.ListenAndServe(address, handler))
}
