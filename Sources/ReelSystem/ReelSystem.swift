// ReelSystem
