// Reads an export of gongdao with golang.org/x/mod/sumdb/{tlog,note}: another implementation of the same formats.
//
//	conformance DIR KEYS
//
// DIR holds one log: checkpoint, tile/. Every entry is hashed and proven in the tree of the checkpoint, and every checkpoint in
// checkpoints/ is verified and shown to be a beginning of it.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type folder string

func (folder) Height() int { return height }

// Tiles of level L of this package are at tile/8/L/…; C2SP leaves the height out.
func (dir folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for at, tile := range tiles {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(dir), name))
		if err != nil {
			return nil, err
		}
		data[at] = bytes
	}
	return data, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// open verifies a note and answers its tree. The origin line of C2SP stands where this package has a fixed one.
func open(message []byte, keys note.Verifiers) (tlog.Tree, error) {
	signed, err := note.Open(message, keys)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.SplitN(signed.Text, "\n", 2)
	return tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
}

func bundle(bytes []byte) [][]byte {
	var entries [][]byte
	for len(bytes) > 0 {
		end := 2 + int(binary.BigEndian.Uint16(bytes))
		entries = append(entries, bytes[2:end])
		bytes = bytes[end:]
	}
	return entries
}

func bundles(dir string) [][]byte {
	var names []string
	_ = filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	sort.Strings(names)
	var all [][]byte
	for _, name := range names {
		all = append(all, bundle(must(os.ReadFile(name)))...)
	}
	return all
}

func main() {
	dir := os.Args[1]
	var verifiers []note.Verifier
	for _, line := range strings.Fields(os.Args[2]) {
		verifiers = append(verifiers, must(note.NewVerifier(line)))
	}
	keys := note.VerifierList(verifiers...)
	tree := must(open(must(os.ReadFile(filepath.Join(dir, "checkpoint"))), keys))
	reader := tlog.TileHashReader(tree, folder(dir))
	entries := bundles(filepath.Join(dir, "tile", "entries"))
	if int64(len(entries)) != tree.N {
		must(0, fmt.Errorf("%d entries, %d in the checkpoint", len(entries), tree.N))
	}
	proofs := 0
	for at, entry := range entries {
		// Every one of a small tree; of a large one the edges of its tiles, and some in between.
		if len(entries) > 2000 && at%256 > 1 && at%256 < 255 && at%97 != 0 {
			continue
		}
		proof := must(tlog.ProveRecord(tree.N, int64(at), reader))
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(at), tlog.RecordHash(entry)); err != nil {
			must(0, err)
		}
		proofs++
	}
	notes := bundles(filepath.Join(dir, "checkpoints"))
	for _, message := range notes {
		earlier := must(open(message, keys))
		proof := must(tlog.ProveTree(tree.N, earlier.N, reader))
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash); err != nil {
			must(0, err)
		}
	}
	fmt.Printf("%d leaves, %d inclusion proofs, %d checkpoints with consistency proofs\n", tree.N, proofs, len(notes))
}
