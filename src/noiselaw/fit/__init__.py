"""Laws laid through measurements, with what the data cannot say."""
