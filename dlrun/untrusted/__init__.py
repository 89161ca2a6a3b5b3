"""Reading what strangers may have written: nothing is unpacked, allocated or believed before it was checked."""
