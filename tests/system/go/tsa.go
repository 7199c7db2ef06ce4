// A time-stamping authority, `openssl ts` behind HTTP, and such as are none, by path.
//
//	tsa PORT DIR    DIR: tsa.cnf with the sections good, foreign, expired
package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var (
	dir   string
	mutex sync.Mutex // one serial number after the other
)

func openssl(args ...string) []byte {
	cmd := exec.Command("openssl", append([]string{"ts"}, args...)...)
	cmd.Dir = dir
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		log.Print(err, complaints.String())
	}
	return out.Bytes()
}

func reply(query []byte, section string) []byte {
	mutex.Lock()
	defer mutex.Unlock()
	name := filepath.Join(dir, "query")
	if err := os.WriteFile(name, query, 0600); err != nil {
		log.Fatal(err)
	}
	return openssl("-reply", "-config", "tsa.cnf", "-section", section, "-queryfile", name)
}

// The hash that a query is about, for another query about it: its last 32 octets before the nonce.
func digest(query []byte) string {
	at := bytes.Index(query, []byte{0x04, 0x20})
	return hex.EncodeToString(query[at+2 : at+34])
}

func answer(w http.ResponseWriter, r *http.Request) {
	query, _ := io.ReadAll(r.Body)
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "no query", 400)
		return
	}
	// what is asked for may change while we run
	mode, err := os.ReadFile(filepath.Join(dir, "mode"))
	if err != nil {
		log.Fatal(err)
	}
	var out []byte
	switch strings.TrimSpace(string(mode)) {
	case "good":
		out = reply(query, "good")
	case "foreign", "expired", "untrusted":
		out = reply(query, strings.TrimSpace(string(mode)))
	case "hash":
		out = reply(openssl("-query", "-cert", "-sha256", "-digest", strings.Repeat("ab", 32)), "good")
	case "nonce":
		out = reply(openssl("-query", "-cert", "-sha256", "-digest", digest(query)), "good")
	case "no-nonce":
		out = reply(openssl("-query", "-cert", "-no_nonce", "-sha256", "-digest", digest(query)), "good")
	case "refuse":
		out = reply([]byte("no query"), "good")
	case "garbage":
		out = []byte("<html>no time today</html>")
	case "longer":
		out = append(reply(query, "good"), 0)
	case "large":
		out = bytes.Repeat([]byte{0x30}, 1<<20)
	case "fault":
		http.Error(w, "fault", 500)
		return
	case "slow":
		w.Header().Set("Content-Length", "5000")
		w.(http.Flusher).Flush()
		time.Sleep(time.Hour)
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.Write(out)
}

func main() {
	dir = os.Args[2]
	http.HandleFunc("/", answer)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
