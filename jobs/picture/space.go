package picture

import (
	"image"
	"runtime"
	"sync"
)

// A gate lets so much weight through at once. What is heavier than all of it
// passes alone.
type gate struct {
	most int

	mu   sync.Mutex // guards held
	held int
	free sync.Cond
}

func newGate(most int) *gate {
	g := &gate{most: most}
	g.free.L = &g.mu
	return g
}

// heavy is the weight from which memory is collected before another is let
// through: else a second huge image comes while the first is still garbage.
const heavy = 48 << 20

// take waits for its turn and returns what gives the weight back.
func (g *gate) take(weight int) (give func()) {
	weight = min(weight, g.most)
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.held+weight > g.most {
		g.free.Wait()
	}
	g.held += weight
	return func() {
		if weight > heavy {
			runtime.GC()
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held -= weight
		g.free.Broadcast()
	}
}

// space is the memory of all decoded images of the process together, in bytes:
// as many small ones as there are cores, but no two huge ones.
var space = newGate(160 << 20)

// weight guesses what decoding a file takes.
func weight(f format, data []byte, size image.Point) int {
	bytes := 4 // for a pixel
	switch {
	case f.name == "jpeg" && isProgressive(data):
		bytes = 16
	case f.name == "png" && len(data) > 24 && data[24] == 16: // bits of a sample
		bytes = 8
	}
	return size.X*size.Y*bytes + len(data)
}
