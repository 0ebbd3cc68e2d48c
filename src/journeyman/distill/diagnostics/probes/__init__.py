"""Measurements that cost passes of their own: run them on a schedule of their own, knowing beforehand what they take."""
