// Takes a packet capture through pcaps-gateway: capture TARGET ACCOUNT FILE
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	pb "pcaps-gateway/gen/go/pcaps/v1"
)

func main() {
	target, account, path, id := os.Args[1], os.Args[2], os.Args[3], uuid.NewString()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "request-id", id) // Finds all calls in the gateway's log.
	log.SetPrefix("request-id " + id + " ")
	gateway := pb.NewPcapsServiceClient(must(grpc.Dial(target, grpc.WithDefaultServiceConfig(policy),
		grpc.WithTransportCredentials(insecure.NewCredentials()))))
	pcap := must(gateway.CreatePcap(ctx, &pb.CreatePcapRequest{
		AccountId: account, RequestId: id, TimeLimit: durationpb.New(time.Minute),
		Filter:  &pb.Filter{DestinationPort: proto.Uint32(443)},
		Capture: &pb.CreatePcapRequest_Simple{Simple: &pb.SimpleCapture{PacketLimit: 100}}}))
	fmt.Println("created", pcap.Id)

	read(func() (pb.PcapsService_WatchPcapClient, error) {
		return gateway.WatchPcap(ctx, &pb.WatchPcapRequest{AccountId: account, PcapId: pcap.Id})
	}, func(event *pb.WatchEvent) {
		if event.GetPcap() != nil {
			fmt.Println("status", strings.ToLower(strings.TrimPrefix(event.GetPcap().Status.String(), "STATUS_")))
		}
	})

	file, rest := must(os.Create(path+".part")), &pb.DownloadPcapRequest{AccountId: account, PcapId: pcap.Id} // What is missing yet.
	whole, stream, summary := sha256.New(), sha256.New(), &pb.DownloadSummary{}
	read(func() (pb.PcapsService_DownloadPcapClient, error) {
		stream.Reset()
		return gateway.DownloadPcap(ctx, rest)
	}, func(part *pb.DownloadPcapResponse) {
		if info := part.GetInfo(); info != nil {
			rest.IfEtag = info.Etag
		}
		rest.ReadOffset += int64(must(io.MultiWriter(file, whole, stream).Write(part.GetChunk().GetData())))
		summary = part.GetSummary()
	})
	if string(stream.Sum(nil)) != string(summary.GetSha256()) || file.Close() != nil || os.Rename(file.Name(), path) != nil {
		log.Fatal(file.Name(), " is not what was sent")
	}
	fmt.Printf("%s: %d packets, %d bytes, sha256 %x\n", path, summary.GetPackets(), rest.ReadOffset, whole.Sum(nil))
}
