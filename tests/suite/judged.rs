//! What programs that somebody else wrote say of what we ship and print. Each is built once per
//! machine: see `test_support::judges`.

mod leaks;
mod seats;
mod workflows;
