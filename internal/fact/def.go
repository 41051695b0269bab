package fact

// Def is what is known of a fact before anything boots.
type Def struct {
	// Pattern is the name; parts in capitals stand for rows' names.
	Pattern string
	Type    Type
	Unit    Unit
	// Meaning is a sentence for who looks after the machine.
	Meaning string
}

// Type is a fact's type, in the words of a profile's author.
type Type string

// Types of facts.
const (
	Bool   Type = "true or false"
	Whole  Type = "whole number"
	Number Type = "number"
	Text   Type = "text"
	Texts  Type = "list of texts"
	Wholes Type = "list of whole numbers"
)

// Unit is what a number counts.
type Unit string

// Units of facts.
const (
	None    Unit = ""
	Bytes   Unit = "bytes"
	Seconds Unit = "s"
	Percent Unit = "%"
)

// Means completes the declaration. It is for the builder: the init links none of it.
func (f One[T]) Means(unit Unit, meaning string) Def { return Def{f.Name, typeOf[T](), unit, meaning} }

// Means completes the declaration.
func (f Each[T]) Means(unit Unit, meaning string) Def {
	return Def{f.Pattern, typeOf[T](), unit, meaning}
}

// Means completes the declaration.
func (f Pair[T]) Means(unit Unit, meaning string) Def {
	return Def{f.Pattern, typeOf[T](), unit, meaning}
}

func typeOf[T Value]() Type {
	switch any(*new(T)).(type) {
	case bool:
		return Bool
	case int, int64:
		return Whole
	case float64:
		return Number
	case string:
		return Text
	case []string:
		return Texts
	default:
		return Wholes
	}
}

// Holds says whether a value, as TOML or JSON has it, is of the type.
func (t Type) Holds(value any) bool {
	switch v := value.(type) {
	case bool:
		return t == Bool
	case int, int64:
		return t == Whole || t == Number
	case float64:
		return t == Number || t == Whole && v == float64(int64(v))
	case string:
		return t == Text
	case []any:
		for _, member := range v {
			if !t.Member().Holds(member) {
				return false
			}
		}
		return t == Texts || t == Wholes
	}
	return false
}

// Member is the type of a list's members; empty for what is no list.
func (t Type) Member() Type {
	switch t {
	case Texts:
		return Text
	case Wholes:
		return Whole
	}
	return ""
}
