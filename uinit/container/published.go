package container

// keepPublished has published ports be reached by links that come late, and by rules that somebody removes, for as long as the machine runs.
func (c *containers) keepPublished() error {
	changed := make(chan struct{}, 1)
	c.News.OnAddresses(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	go func() {
		for {
			select {
			case <-c.Life.Done():
				return
			case <-changed:
			}
			if err := c.published.Appeared(c.Life); err != nil && c.Life.Err() == nil {
				c.Log.Warn(err.Error())
			}
		}
	}()
	return c.published.Watch(c.Life, func(line string) { c.Log.Warn(line) })
}
