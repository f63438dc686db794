"""The record on disk and on its way there: the recorder, the log's folder, and its verification by outsiders."""
