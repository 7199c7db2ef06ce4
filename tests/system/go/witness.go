// A log that we did not write, and a verifier of what witnesses say about it.
//
//	witness key DIR NAME                  a new log: DIR/skey, DIR/vkey
//	witness request DIR OLD SIZE [FORK]   an add-checkpoint body; other entries from FORK on
//	witness verify CHECKPOINT LOG-VKEY WITNESS-VKEY   prints size and time of the cosignature
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "witness:", err)
		os.Exit(1)
	}
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	check(err)
	return n
}

func read(path string) string {
	data, err := os.ReadFile(path)
	check(err)
	return strings.TrimSpace(string(data))
}

// tree gives the hashes of a log of so many entries.
func tree(size, fork int64) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i := int64(0); i < size; i++ {
		text := fmt.Sprintf("entry %d", i)
		if i >= fork {
			text += " of another tree"
		}
		hashes, err := tlog.StoredHashes(i, []byte(text), reader)
		check(err)
		stored = append(stored, hashes...)
	}
	return reader
}

func request(dir string, old, size, fork int64) {
	signer, err := note.NewSigner(read(filepath.Join(dir, "skey")))
	check(err)
	hashes := tree(size, fork)
	root, err := tlog.TreeHash(size, hashes)
	check(err)
	if size == 0 {
		root = sha256.Sum256(nil)
	}
	fmt.Printf("old %d\n", old)
	if old > 0 && old < size {
		proof, err := tlog.ProveTree(size, old, hashes)
		check(err)
		for _, hash := range proof {
			fmt.Println(hash)
		}
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	fmt.Printf("\n%s", signed)
}

// cosigner is a C2SP tlog-cosignature verifier of type 0x04.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
	time uint64
}

func newCosigner(vkey string) *cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		check(fmt.Errorf("no verifier key: %s", vkey))
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	check(err)
	hash := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	id := binary.BigEndian.Uint32(hash[:])
	if len(key) != 33 || key[0] != 0x04 || fmt.Sprintf("%08x", id) != parts[1] {
		check(fmt.Errorf("no verifier key of type 0x04: %s", vkey))
	}
	return &cosigner{name: parts[0], id: id, key: key[1:]}
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	c.time = binary.BigEndian.Uint64(sig)
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, msg)
	return ed25519.Verify(c.key, []byte(text), sig[8:])
}

// verify needs the signatures of both, as a client with a policy would.
func verify(path, log, witness string) {
	data, err := os.ReadFile(path)
	check(err)
	verifier, err := note.NewVerifier(log)
	check(err)
	c := newCosigner(witness)
	n, err := note.Open(data, note.VerifierList(verifier, c))
	check(err)
	if len(n.Sigs) != 2 {
		check(fmt.Errorf("%d good signatures, not 2", len(n.Sigs)))
	}
	fmt.Println(strings.Split(n.Text, "\n")[1], c.time)
}

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 3 && args[0] == "key":
		skey, vkey, err := note.GenerateKey(rand.Reader, args[2])
		check(err)
		check(os.MkdirAll(args[1], 0o700))
		check(os.WriteFile(filepath.Join(args[1], "skey"), []byte(skey+"\n"), 0o600))
		check(os.WriteFile(filepath.Join(args[1], "vkey"), []byte(vkey+"\n"), 0o600))
	case len(args) == 4 && args[0] == "request":
		request(args[1], number(args[2]), number(args[3]), number(args[3]))
	case len(args) == 5 && args[0] == "request":
		request(args[1], number(args[2]), number(args[3]), number(args[4]))
	case len(args) == 4 && args[0] == "verify":
		verify(args[1], args[2], args[3])
	default:
		fmt.Fprintln(os.Stderr, "usage: witness key|request|verify ...")
		os.Exit(2)
	}
}
