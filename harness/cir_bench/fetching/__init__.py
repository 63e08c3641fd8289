"""Downloads: the files that a data set declares (`RemoteFile`), resumed, verified, put in place all at once."""
