"""Many players, several bots, a real arena, and somebody who breaks things all the time: is all the money right?"""
