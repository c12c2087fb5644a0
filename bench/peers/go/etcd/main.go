// etcd, in the version that the API server of the benchmark asks for: that of Debian 12 is too old for it to answer lists
// from its memory. IO.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
