// Bifrost as an HTTP server, for the benchmark: its core, which translates, behind fasthttp, as its own transport is.
//
//	bifrost PORT UPSTREAM
//
// Its own transport is not to be had from the module proxy. This one does less than that (no plugins, no logs, no
// database), so its figures are an upper bound of Bifrost's. With EXTRA_PARAMS=1 in the environment it gives the core
// also the fields that the core has no name for, as its own transport does; the benchmark sends none and spares that.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/bytedance/sonic"
	bifrost "github.com/maximhq/bifrost/core"
	"github.com/maximhq/bifrost/core/schemas"
	"github.com/valyala/fasthttp"
)

type account struct{ upstream string }

func (a *account) GetConfiguredProviders() ([]schemas.ModelProvider, error) {
	return []schemas.ModelProvider{schemas.Gemini}, nil
}

func (a *account) GetKeysForProvider(context.Context, schemas.ModelProvider) ([]schemas.Key, error) {
	return []schemas.Key{{ID: "bench", Name: "bench", Value: *schemas.NewSecretVar("bench-key"), Models: schemas.WhiteList{"*"}, Weight: 1}}, nil
}

func (a *account) GetConfigForProvider(schemas.ModelProvider) (*schemas.ProviderConfig, error) {
	return &schemas.ProviderConfig{
		NetworkConfig: schemas.NetworkConfig{
			BaseURL:                        a.upstream + "/v1beta",
			DefaultRequestTimeoutInSeconds: 600,
			MaxConnsPerHost:                10000,
			AllowPrivateNetwork:            true,
		},
		ConcurrencyAndBufferSize: schemas.ConcurrencyAndBufferSize{Concurrency: 6000, BufferSize: 12000},
	}, nil
}

type body struct {
	Model    string                `json:"model"`
	Messages []schemas.ChatMessage `json:"messages"`
	Stream   bool                  `json:"stream"`
}

// With the status that the core names, as its own transport does.
func fail(ctx *fasthttp.RequestCtx, failure *schemas.BifrostError) {
	ctx.SetStatusCode(500)
	if failure.StatusCode != nil {
		ctx.SetStatusCode(*failure.StatusCode)
	}
	text, _ := sonic.Marshal(failure)
	ctx.SetContentType("application/json")
	ctx.SetBody(text)
}

func refuse(ctx *fasthttp.RequestCtx, err error) {
	status, kind := 400, "invalid_request_error"
	fail(ctx, &schemas.BifrostError{StatusCode: &status, Error: &schemas.ErrorField{Type: &kind, Message: err.Error()}})
}

// What has a place of its own in a request.
func knownFields() map[string]bool {
	known := map[string]bool{"model": true, "messages": true, "stream": true, "fallbacks": true, "reasoning_effort": true}
	fields := reflect.TypeOf(schemas.ChatParameters{})
	for i := 0; i < fields.NumField(); i++ {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	return known
}

func extraParams(body []byte, known map[string]bool) map[string]any {
	var extra map[string]any
	if sonic.Unmarshal(body, &extra) != nil {
		return nil
	}
	for name := range known {
		delete(extra, name)
	}
	return extra
}

func main() {
	client, err := bifrost.Init(context.Background(), schemas.BifrostConfig{
		Account:         &account{os.Args[2]},
		InitialPoolSize: 6000,
		Logger:          bifrost.NewDefaultLogger(schemas.LogLevelError),
	})
	if err != nil {
		panic(err)
	}
	known, withExtra := knownFields(), os.Getenv("EXTRA_PARAMS") == "1"
	handle := func(ctx *fasthttp.RequestCtx) {
		var asked body
		var params schemas.ChatParameters
		if err := sonic.Unmarshal(ctx.PostBody(), &asked); err != nil {
			refuse(ctx, err)
			return
		}
		if err := sonic.Unmarshal(ctx.PostBody(), &params); err != nil {
			refuse(ctx, err)
			return
		}
		if withExtra {
			params.ExtraParams = extraParams(ctx.PostBody(), known)
		}
		request := &schemas.BifrostChatRequest{Provider: schemas.Gemini, Model: asked.Model, Input: asked.Messages, Params: &params}
		parent, cancel := context.WithCancel(context.Background())
		deadline := schemas.NewBifrostContext(parent, time.Now().Add(10*time.Minute))
		if !asked.Stream {
			defer cancel()
			answer, failure := client.ChatCompletionRequest(deadline, request)
			if failure != nil {
				fail(ctx, failure)
				return
			}
			text, err := sonic.Marshal(answer)
			if err != nil {
				refuse(ctx, err)
				return
			}
			ctx.SetContentType("application/json")
			ctx.SetBody(text)
			return
		}
		chunks, failure := client.ChatCompletionStreamRequest(deadline, request)
		if failure != nil {
			cancel()
			fail(ctx, failure)
			return
		}
		ctx.SetContentType("text/event-stream")
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
			// Also where the client has left.
			defer cancel()
			for chunk := range chunks {
				text, err := sonic.Marshal(chunk)
				if err != nil {
					return
				}
				w.WriteString("data: ")
				w.Write(text)
				w.WriteString("\n\n")
				if w.Flush() != nil {
					return
				}
			}
			w.WriteString("data: [DONE]\n\n")
			w.Flush()
		})
	}
	server := &fasthttp.Server{Handler: handle, MaxRequestBodySize: 100 << 20, Concurrency: 100000, StreamRequestBody: false}
	fmt.Println("ready")
	if err := server.ListenAndServe("127.0.0.1:" + os.Args[1]); err != nil {
		panic(err)
	}
}
