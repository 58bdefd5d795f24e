// A client of grpc-go against a churn server: the interoperability cases of gRPC that unary calls and server streams have, by
// their names, re-made on churn.v1; health checking and reflection.
//
//	grpc_peer PORT CUSTOMER...
//
// The customers that the server does not know are left out. Prints one line a check and "N passed, M failed", and ends with status 0 when none
// failed. Tests/ChurnWireTests/GoPeerTests.swift has protoc make churn/v1 and builds this with Debian's packages.
package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	churn "churn/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

const timeout = 60 * time.Second

var (
	target    string
	customers []int64
	failures  int
	passed    int
)

// fault ends the check in hand.
type fault string

func ensure(condition bool, format string, values ...interface{}) {
	if !condition {
		panic(fault(fmt.Sprintf(format, values...)))
	}
}

func succeed(err error, what string) {
	ensure(err == nil, "%s: %v", what, err)
}

func fails(err error, code codes.Code, text string) {
	ensure(status.Code(err) == code && strings.Contains(status.Convert(err).Message(), text),
		"%v, expected %v and %q in its text", err, code, text)
}

func check(name string, body func(ctx context.Context, client churn.ChurnClient, channel *grpc.ClientConn)) {
	defer func() {
		switch found := recover().(type) {
		case nil:
			passed++
			fmt.Println("ok     ", name)
		case fault:
			failures++
			fmt.Printf("FAILED  %s: %s\n", name, string(found))
		default:
			panic(found)
		}
	}()
	channel, err := grpc.Dial(target, grpc.WithInsecure(), grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	succeed(err, "dial")
	defer channel.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	body(ctx, churn.NewChurnClient(channel), channel)
}

func byID(id int64) *churn.PredictByIdRequest { return &churn.PredictByIdRequest{CustomerId: id} }

// batch asks for `rows` customers, each of those known in turn.
func batch(rows int) *churn.PredictBatchRequest {
	ids := make([]int64, rows)
	for row := range ids {
		ids[row] = customers[row%len(customers)]
	}
	return &churn.PredictBatchRequest{Rows: &churn.PredictBatchRequest_Ids{Ids: &churn.CustomerIds{CustomerId: ids}}}
}

func predict(ctx context.Context, client churn.ChurnClient) {
	_, err := client.PredictById(ctx, byID(customers[0]))
	succeed(err, "PredictById")
}

func rows(stream churn.Churn_PredictBatchStreamClient) (probabilities []float64, parts int, err error) {
	for {
		part, err := stream.Recv()
		if err != nil {
			return probabilities, parts, err
		}
		ensure(int(part.FirstRow) == len(probabilities), "first_row %d of part %d", part.FirstRow, parts)
		probabilities, parts = append(probabilities, part.Probability...), parts+1
	}
}

func main() {
	target = "127.0.0.1:" + os.Args[1]
	for _, text := range os.Args[2:] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(2)
		}
		customers = append(customers, id)
	}
	check("which customers are known", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		answer, err := client.PredictBatch(ctx, batch(len(customers)))
		succeed(err, "PredictBatch")
		known := customers[:0]
		for row, id := range customers {
			if len(answer.Status) == 0 || answer.Status[row] == byte(codes.OK) {
				known = append(known, id)
			}
		}
		customers = known
		ensure(len(customers) > 0, "none")
	})
	if failures == 0 {
		unary()
		streams()
		statuses()
		services()
	}
	fmt.Printf("%d passed, %d failed\n", passed, failures)
	if failures > 0 {
		os.Exit(1)
	}
}

func unary() {
	check("empty_unary", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		answer, err := client.Health(ctx, &churn.HealthRequest{})
		succeed(err, "Health")
		ensure(!answer.Draining && len(answer.Model) > 0, "the report is %v", answer)
	})
	check("large_unary, and its rows are the answers by id, bit for bit",
		func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
			answer, err := client.PredictBatch(ctx, batch(100_000))
			succeed(err, "PredictBatch")
			ensure(len(answer.Probability) == 100_000, "%d rows", len(answer.Probability))
			for row, id := range customers {
				one, err := client.PredictById(ctx, byID(id))
				succeed(err, "PredictById")
				ensure(math.Float64bits(one.Probability) == math.Float64bits(answer.Probability[row]),
					"customer %d: %v and %v", id, one.Probability, answer.Probability[row])
			}
		})
	check("client_compressed_unary", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		wanted, err := client.PredictBatch(ctx, batch(40_000))
		succeed(err, "not compressed")
		answer, err := client.PredictBatch(ctx, batch(40_000), grpc.UseCompressor(gzip.Name))
		succeed(err, "compressed")
		ensure(reflect.DeepEqual(answer.Probability, wanted.Probability), "answers differ")
	})
	check("custom_metadata", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-grpc-test-echo-initial", "test_initial_metadata_value",
			"x-grpc-test-echo-trailing-bin", "\xab\xab\xab\x00\xff")
		var trailers metadata.MD
		_, err := client.PredictById(ctx, byID(customers[0]), grpc.Trailer(&trailers))
		succeed(err, "PredictById")
		ensure(len(trailers) == 0, "trailing metadata %v", trailers)
	})
	check("concurrent_large_unary", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		var group sync.WaitGroup
		faults := make(chan error, 20)
		for call := 0; call < 20; call++ {
			group.Add(1)
			go func() {
				defer group.Done()
				if _, err := client.PredictBatch(ctx, batch(40_000)); err != nil {
					faults <- err
				}
			}()
		}
		group.Wait()
		ensure(len(faults) == 0, "%d of 20 failed", len(faults))
	})
	check("rpc_soak: 2,000 calls, one after another", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		for call := 0; call < 2_000; call++ {
			predict(ctx, client)
		}
	})
}

func streams() {
	check("server_streaming", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		whole, err := client.PredictBatch(ctx, batch(400_000))
		succeed(err, "PredictBatch")
		stream, err := client.PredictBatchStream(ctx, batch(400_000))
		succeed(err, "PredictBatchStream")
		found, parts, err := rows(stream)
		ensure(err.Error() == "EOF", "the stream ends with %v", err)
		ensure(parts > 1 && reflect.DeepEqual(found, whole.Probability), "%d rows in %d parts", len(found), parts)
	})
	check("cancel_after_begin", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		cancelled, cancel := context.WithCancel(ctx)
		stream, err := client.PredictBatchStream(cancelled, batch(400_000))
		succeed(err, "PredictBatchStream")
		cancel()
		_, _, err = rows(stream)
		fails(err, codes.Canceled, "")
		predict(ctx, client)
	})
	check("cancel_after_first_response", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		cancelled, cancel := context.WithCancel(ctx)
		stream, err := client.PredictBatchStream(cancelled, batch(1_000_000))
		succeed(err, "PredictBatchStream")
		_, err = stream.Recv()
		succeed(err, "the first part")
		cancel()
		for err == nil {
			_, err = stream.Recv()
		}
		fails(err, codes.Canceled, "")
		predict(ctx, client)
	})
}

func statuses() {
	check("timeout_on_sleeping_server", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := client.PredictBatch(short, batch(1_000_000))
		fails(err, codes.DeadlineExceeded, "")
		predict(ctx, client)
	})
	check("status_code_and_message", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		_, err := client.PredictById(ctx, byID(1_000_000_000_000))
		fails(err, codes.NotFound, "customer 1000000000000 is not known")
		request := batch(1)
		request.Model = "no-such-model"
		stream, err := client.PredictBatchStream(ctx, request)
		succeed(err, "PredictBatchStream")
		_, err = stream.Recv()
		fails(err, codes.NotFound, "no-such-model")
	})
	check("special_status_message", func(ctx context.Context, client churn.ChurnClient, _ *grpc.ClientConn) {
		_, err := client.PredictById(ctx, &churn.PredictByIdRequest{CustomerId: 1, Model: "\u263a and \U0001f608"})
		fails(err, codes.NotFound, "\u263a and \U0001f608")
	})
	for name, path := range map[string]string{
		"unimplemented_method":  "/churn.v1.Churn/Unimplemented",
		"unimplemented_service": "/churn.v1.Unimplemented/PredictById",
	} {
		path := path
		check(name, func(ctx context.Context, client churn.ChurnClient, channel *grpc.ClientConn) {
			err := channel.Invoke(ctx, path, byID(1), &churn.PredictByIdResponse{})
			fails(err, codes.Unimplemented, "")
			predict(ctx, client)
		})
	}
}

func services() {
	check("health: Check, and Watch tells the status at once",
		func(ctx context.Context, _ churn.ChurnClient, channel *grpc.ClientConn) {
			client := health.NewHealthClient(channel)
			answer, err := client.Check(ctx, &health.HealthCheckRequest{Service: "churn.v1.Churn"})
			succeed(err, "Check")
			ensure(answer.Status == health.HealthCheckResponse_SERVING, "%v", answer.Status)
			_, err = client.Check(ctx, &health.HealthCheckRequest{Service: "no.such.Service"})
			fails(err, codes.NotFound, "")
			stream, err := client.Watch(ctx, &health.HealthCheckRequest{})
			succeed(err, "Watch")
			answer, err = stream.Recv()
			succeed(err, "the first status")
			ensure(answer.Status == health.HealthCheckResponse_SERVING, "%v", answer.Status)
		})
	check("reflection v1alpha lists the services", func(ctx context.Context, _ churn.ChurnClient, channel *grpc.ClientConn) {
		stream, err := reflection.NewServerReflectionClient(channel).ServerReflectionInfo(ctx)
		succeed(err, "ServerReflectionInfo")
		succeed(stream.Send(&reflection.ServerReflectionRequest{
			MessageRequest: &reflection.ServerReflectionRequest_ListServices{ListServices: "*"}}), "the question")
		answer, err := stream.Recv()
		succeed(err, "the answer")
		var names []string
		for _, service := range answer.GetListServicesResponse().GetService() {
			names = append(names, service.Name)
		}
		sort.Strings(names)
		at := sort.SearchStrings(names, "churn.v1.Churn")
		ensure(at < len(names) && names[at] == "churn.v1.Churn", "services %v", names)
		succeed(stream.CloseSend(), "the end")
		_, err = stream.Recv()
		ensure(err != nil && err.Error() == "EOF", "the stream ends with %v", err)
	})
}
