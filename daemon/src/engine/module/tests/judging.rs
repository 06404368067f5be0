//! What is accepted and what is refused, in which words.
