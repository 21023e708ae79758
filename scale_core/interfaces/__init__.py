"""What a plugin implements, and the frozen values that go in and out. Plugins may import everything here."""
