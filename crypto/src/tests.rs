//! Known answers, round trips and hostile arguments.
