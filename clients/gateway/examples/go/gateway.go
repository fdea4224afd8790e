package main

import (
	_ "embed"
	"io"
	"log"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

//go:embed service_config.json
var policy string // Round robin, and retries of what is safe to repeat.

// explain prints what the gateway says of an error, and returns after how long to call again.
func explain(err error) time.Duration {
	delay := time.Second
	log.Print(err)
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			log.Println(detail.Reason, detail.Metadata)
		case *errdetails.RetryInfo:
			delay = detail.RetryDelay.AsDuration()
		}
	}
	log.Print("retry after ", delay)
	return delay
}

// must ends the program if there is an error.
func must[Value any](value Value, err error) Value {
	if err != nil {
		explain(err)
		log.Fatal("giving up")
	}
	return value
}

// read hands on a stream's messages. UNAVAILABLE (STREAM_EXPIRED, DRAINING, a lost connection): it calls again.
func read[Message any, Stream interface{ Recv() (Message, error) }](call func() (Stream, error), handle func(Message)) {
	for {
		stream, err := call()
		for err == nil {
			var message Message
			if message, err = stream.Recv(); err == nil {
				handle(message)
			}
		}
		if err == io.EOF {
			return
		} else if status.Code(err) != codes.Unavailable {
			must(stream, err)
		}
		time.Sleep(explain(err))
	}
}
