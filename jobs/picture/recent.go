package picture

import "container/list"

// Recent keeps what was used last, up to a weight. It is not safe for concurrent
// use.
type recent[K comparable, V any] struct {
	most   int
	weight int
	order  *list.List // of *kept, the last used in front
	all    map[K]*list.Element
}

type kept[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, order: list.New(), all: make(map[K]*list.Element)}
}

func (r *recent[K, V]) get(key K) (v V, ok bool) {
	e, ok := r.all[key]
	if !ok {
		return v, false
	}
	r.order.MoveToFront(e)
	return e.Value.(*kept[K, V]).value, true
}

// put keeps a value. What is heavier than all is not kept.
func (r *recent[K, V]) put(key K, value V, weight int) {
	if _, there := r.all[key]; there || weight > r.most {
		return
	}
	r.all[key] = r.order.PushFront(&kept[K, V]{key, value, weight})
	for r.weight += weight; r.weight > r.most; {
		last := r.order.Back()
		k := r.order.Remove(last).(*kept[K, V])
		delete(r.all, k.key)
		r.weight -= k.weight
	}
}
