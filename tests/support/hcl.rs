//! Rendered HCL as a parser reads it.
