// The server of the pages that jobs read: files of a folder, each with an ETag that a new write changes. IO.
//
//	pages FOLDER     prints its port on 127.0.0.1, and serves until it is ended
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

var zero time.Time

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pages FOLDER")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, serve(os.Args[1])))
}

func serve(folder string) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		file, err := os.Open(filepath.Join(folder, filepath.Base(request.URL.Path)))
		if err != nil {
			http.NotFound(answer, request)
			return
		}
		defer file.Close()
		about, err := file.Stat()
		if err != nil || about.IsDir() {
			http.NotFound(answer, request)
			return
		}
		// No Last-Modified, which counts seconds: a page may change several times in one.
		answer.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, about.ModTime().UnixNano(), about.Size()))
		http.ServeContent(answer, request, about.Name(), zero, file)
	})
}
