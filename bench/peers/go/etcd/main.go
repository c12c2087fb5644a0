// etcd in a version that the API server supports. From that of Debian 12 it cannot answer consistent lists out of its own
// memory, which would put every program that lists in pages at a disadvantage. IO.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
