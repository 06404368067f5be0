// A module that throws while it is evaluated.
throw new TypeError("not today");
