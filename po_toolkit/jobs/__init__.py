"""Work that must survive a crash: the only room that knows DBOS."""
