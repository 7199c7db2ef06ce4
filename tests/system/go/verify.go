// Verify a published log with the code of Go's checksum database: the checkpoint's
// signature, every entry's inclusion, consistency with every older size and checkpoint.
package main

import (
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
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

// files reads C2SP tlog-tiles, whose paths lack the height that tlog's own have.
type files struct{ dir string }

func (f files) Height() int { return 8 }

func (f files) path(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	return filepath.Join(f.dir, "tile", strings.Replace(p, "data/", "entries/", 1))
}

func (f files) read(t tlog.Tile) ([]byte, error) {
	data, err := os.ReadFile(f.path(t))
	if os.IsNotExist(err) && t.W < 256 {
		t.W = 256
		data, err = os.ReadFile(f.path(t))
	}
	return data, err
}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, err := f.read(t)
		if err != nil {
			return nil, err
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is too short", f.path(t))
		}
		out[i] = data[:t.W*tlog.HashSize]
	}
	return out, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// checkpoint opens a signed checkpoint (C2SP tlog-checkpoint).
func checkpoint(path string, verifier note.Verifier) tlog.Tree {
	data, err := os.ReadFile(path)
	check(err)
	n, err := note.Open(data, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("%s: not a checkpoint of %s", path, verifier.Name()))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	hash, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: hash}
}

// entries gives the entries of one bundle.
func entries(f files, bundle int64, width int) [][]byte {
	data, err := f.read(tlog.Tile{H: 8, L: -1, N: bundle, W: width})
	check(err)
	var out [][]byte
	for len(out) < width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			check(fmt.Errorf("entry bundle %d is too short", bundle))
		}
		n := 2 + int(binary.BigEndian.Uint16(data))
		out = append(out, data[2:n])
		data = data[n:]
	}
	return out
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: verify LOG [OLD-CHECKPOINT...]")
		os.Exit(2)
	}
	f := files{os.Args[1]}
	vkey, err := os.ReadFile(filepath.Join(f.dir, "vkey"))
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	check(err)
	tree := checkpoint(filepath.Join(f.dir, "checkpoint"), verifier)

	// TileHashReader authenticates every tile against the tree's hash.
	hashes := tlog.TileHashReader(tree, f)
	for i := int64(0); i < tree.N; i += 256 {
		width := 256
		if tree.N-i < 256 {
			width = int(tree.N - i)
		}
		for j, entry := range entries(f, i/256, width) {
			proof, err := tlog.ProveRecord(tree.N, i+int64(j), hashes)
			check(err)
			leaf := tlog.RecordHash(entry)
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, i+int64(j), leaf))
		}
	}
	for n := int64(1); n <= tree.N; n += 1 + tree.N/64 {
		old, err := tlog.TreeHash(n, hashes)
		check(err)
		proof, err := tlog.ProveTree(tree.N, n, hashes)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, n, old))
	}
	for _, path := range os.Args[2:] {
		old := checkpoint(path, verifier)
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
	}
	fmt.Printf("%s: %d entries verified\n", verifier.Name(), tree.N)
}
