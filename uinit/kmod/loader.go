package kmod

import (
	"errors"
	"fmt"
	"sync"
)

// ErrNotFound says that neither the image nor the kernel has the module.
var ErrNotFound = errors.New("no such module in this image")

// Config is what the profile and the kernel line say about modules, by name with underscores.
type Config struct {
	// Parameters are joined by spaces, as finit_module(2) takes them.
	Parameters map[string]string
	// Blacklist holds modules that no alias loads; asking for them by name still does.
	Blacklist map[string]bool
}

// Kernel takes and drops modules; see System.
type Kernel interface {
	// Load hands over a file of the index. One that is there already is no error.
	Load(file, parameters string) error
	// Unload removes a module by name.
	Unload(name string) error
}

// Loader loads modules with what they depend on, from any number of goroutines,
// each module once.
type Loader struct {
	index  *Index
	config Config
	kernel Kernel

	mu    sync.Mutex
	loads map[string]*load
}

type load struct {
	done chan struct{}
	err  error
}

// NewLoader makes a loader.
func NewLoader(x *Index, c Config, k Kernel) *Loader {
	return &Loader{index: x, config: c, kernel: k, loads: map[string]*load{}}
}

// Load loads a module by its name or an alias. The error wraps ErrNotFound where nothing
// has that name.
func (l *Loader) Load(name string) error {
	name = normal(name)
	if l.index.Has(name) {
		return l.load(name, nil)
	}
	if _, err := l.LoadFor(name); err != nil {
		return fmt.Errorf("loading module %s: %w", name, err)
	}
	return nil
}

// LoadFor loads every module that asks for a device by its modalias, except those that
// are blacklisted. It returns the modules found; the error wraps ErrNotFound where there are none.
func (l *Loader) LoadFor(modalias string) ([]string, error) {
	found := l.index.Match(modalias)
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	var failed []error
	for _, name := range found {
		if !l.config.Blacklist[name] {
			failed = append(failed, l.load(name, nil))
		}
	}
	return found, errors.Join(failed...)
}

// load loads a module of the index; path is how soft dependencies led here.
func (l *Loader) load(name string, path []string) error {
	for _, seen := range path {
		if seen == name {
			return nil // softdep lines may well form a ring
		}
	}
	path = append(path[:len(path):len(path)], name)
	soft := l.index.soft[name]
	l.loadSoft(soft.pre, path)
	if !l.index.builtin[name] {
		for _, file := range l.index.files(name) {
			if err := l.once(file); err != nil {
				return fmt.Errorf("loading module %s: %w", name, err)
			}
		}
	}
	l.loadSoft(soft.post, path)
	return nil
}

// loadSoft loads what is merely good to have; what fails there shows when it is missed.
func (l *Loader) loadSoft(names []string, path []string) {
	for _, name := range names {
		if l.index.Has(name) {
			_ = l.load(name, path)
			continue
		}
		for _, found := range l.index.Match(name) { // "crypto-md5" is an alias
			_ = l.load(found, path)
		}
	}
}

// once loads a file, or waits for the goroutine that is doing so. Failures are not
// remembered: the hardware may answer the next time.
func (l *Loader) once(file string) error {
	name := nameOf(file)
	l.mu.Lock()
	if running, ok := l.loads[name]; ok {
		l.mu.Unlock()
		<-running.done
		return running.err
	}
	this := &load{done: make(chan struct{})}
	l.loads[name] = this
	l.mu.Unlock()

	this.err = l.kernel.Load(file, l.config.Parameters[name])
	if this.err != nil {
		this.err = fmt.Errorf("%s: %w", file, this.err)
		l.mu.Lock()
		delete(l.loads, name)
		l.mu.Unlock()
	}
	close(this.done)
	return this.err
}

// Unload removes a module and then whatever it needed that nothing else uses.
func (l *Loader) Unload(name string) error {
	name = normal(name)
	m, ok := l.index.modules[name]
	if !ok {
		return fmt.Errorf("removing module %s: %w", name, ErrNotFound)
	}
	if err := l.kernel.Unload(name); err != nil {
		return fmt.Errorf("removing module %s: %w", name, err)
	}
	l.forget(name)
	for _, file := range m.deps {
		if l.kernel.Unload(nameOf(file)) == nil { // busy ones stay
			l.forget(nameOf(file))
		}
	}
	return nil
}

func (l *Loader) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.loads, name)
}
