package jobs

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Params are the values of a query's parameters, each as it is written: 007 is
// no 7, and 1.50 no 1.5.
type Params map[string]string

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (p *Params) UnmarshalYAML(node ast.Node) error {
	pairs, ok := node.(ast.MapNode)
	if !ok {
		return fmt.Errorf("params: must be pairs of a name and a value, like {club: north}")
	}
	*p = Params{}
	for i := pairs.MapRange(); i.Next(); {
		name := i.Key().GetToken().Value
		switch value := i.Value().(type) {
		case *ast.StringNode:
			(*p)[name] = value.Value
		case *ast.LiteralNode:
			(*p)[name] = value.Value.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
			(*p)[name] = value.GetToken().Value
		default:
			return fmt.Errorf("params: %s: must be one value; write '' for an empty text", name)
		}
	}
	return nil
}

var _ yaml.NodeUnmarshaler = (*Params)(nil)
