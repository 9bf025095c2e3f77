//! The real program, run on real folders.
