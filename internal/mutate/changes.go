package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
)

// What is changed. A condition that asks only for an error stays: every test that passes there notices that.
const (
	condition = "condition turned round"
	bound     = "bound off by one"
	constant  = "other constant"
	call      = "call dropped"
	early     = "nothing done"
)

var kinds = []string{condition, bound, constant, call, early}

// opposite gives an operator the one that is meant when it is wrong.
var opposite = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}

// change puts text in the place of the bytes from start up to end of a file.
type change struct {
	kind, file string
	source     []byte
	at         token.Position
	start, end int
	text       string
}

func (c change) apply() []byte {
	return append(append(c.source[:c.start:c.start], c.text...), c.source[c.end:]...)
}

func (c change) String() string {
	file := c.file
	if here, err := os.Getwd(); err == nil {
		file = strings.TrimPrefix(file, here+"/")
	}
	was := strings.Join(strings.Fields(string(c.source[c.start:c.end])), " ")
	return fmt.Sprintf("%s:%d:%d: %s: %.90q → %.90q", file, c.at.Line, c.at.Column, c.kind, was, c.text)
}

// changes lists what may be changed in a file.
func changes(file string) (all []change, err error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	text := func(n ast.Node) string { return string(source[at(n.Pos()):at(n.End())]) }
	put := func(kind string, from, to token.Pos, text string) {
		all = append(all, change{kind, file, source, set.Position(from), at(from), at(to), text})
	}
	drop := func(n ast.Expr, instead string) {
		if c, ok := n.(*ast.CallExpr); ok && !harmless(text(c.Fun)) {
			put(call, n.Pos(), n.End(), instead)
		}
	}
	var onlyError bool
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			r := n.Type.Results
			if onlyError = n.Body != nil && r != nil && len(r.List) == 1 && text(r.List[0]) == "error"; onlyError && len(n.Body.List) > 1 {
				put(early, n.Body.Lbrace+1, n.Body.Lbrace+1, " return nil;")
			}
		case *ast.IfStmt:
			if !strings.HasPrefix(text(n.Cond), "err ") {
				put(condition, n.Cond.Pos(), n.Cond.End(), "!("+text(n.Cond)+")")
			}
		case *ast.BinaryExpr:
			if to, ok := opposite[n.Op]; ok && !strings.HasPrefix(text(n), "err ") {
				kind := map[bool]string{true: bound, false: condition}[strings.ContainsAny(n.Op.String(), "<>")]
				put(kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to.String())
			}
		case *ast.BasicLit:
			if v, err := strconv.ParseUint(n.Value, 0, 63); n.Kind == token.INT && err == nil {
				format := map[bool]string{true: "%O", false: "%d"}[strings.HasPrefix(n.Value, "0o")]
				put(constant, n.Pos(), n.End(), fmt.Sprintf(format, v+1))
			}
		case *ast.Ident:
			if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
				put(constant, n.Pos(), n.End(), other)
			}
		case *ast.ExprStmt:
			drop(n.X, "")
		case *ast.AssignStmt:
			if len(n.Lhs) == 1 && text(n.Lhs[0]) == "err" {
				drop(n.Rhs[0], "error(nil)")
			}
		case *ast.ReturnStmt:
			if len(n.Results) == 1 && onlyError {
				drop(n.Results[0], "nil")
			}
		case *ast.CallExpr:
			for _, arg := range n.Args {
				if text(n.Fun) == "errors.Join" {
					drop(arg, "nil")
				}
			}
		}
		return true
	})
	return all, nil
}

// harmless says that nobody is hurt where this function is not called: it only says something, or makes an error, which a condition asked for.
func harmless(function string) bool {
	for _, part := range []string{"Errorf", "errors.New", "bad", "errors.Join", "Debug", "Info", "Warn", "log.", "Log.", "Print"} {
		if strings.Contains(function, part) {
			return true
		}
	}
	return false
}
