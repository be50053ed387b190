// ReelConsole
