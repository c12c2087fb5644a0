package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	sources  = "/apis/sms-scraper.dev/v1alpha1/namespaces/bench/scrapesources"
	cronJobs = "/apis/batch/v1/namespaces/bench/cronjobs"
)

// server is an API server by plain HTTP/1.1, with a connection for each worker.
type server struct {
	client *http.Client
	url    string
	token  string
}

func connect() (*server, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(config.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, NextProtos: []string{"http/1.1"}},
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
	return &server{&http.Client{Transport: transport}, config.Host, config.BearerToken}, nil
}

func (s *server) open(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(text)))
	}
	return response, nil
}

// call reads the answer into `into`, or throws it away.
func (s *server) call(method, path string, body []byte, into any) error {
	response, err := s.open(context.Background(), method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(into)
}

type event[T any] struct {
	Type   string `json:"type"`
	Object T      `json:"object"`
}

// watch hands over what happens after `version`, until `see` wants no more.
func watch[T any](s *server, path, version string, started func(), see func(event[T]) bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path = fmt.Sprintf("%s?watch=true&timeoutSeconds=3600&resourceVersion=%s", path, version)
	response, err := s.open(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	started()
	decoder := json.NewDecoder(response.Body)
	for {
		var next event[T]
		if err := decoder.Decode(&next); err != nil {
			return err
		}
		if !see(next) {
			return nil
		}
	}
}
