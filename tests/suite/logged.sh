#!/bin/sh
# Runs a function with its output in a file, where a test can read it.
exec "$BINARY" >>"$LOG" 2>&1
