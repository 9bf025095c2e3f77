//! HTTP to other hosts: AWS, the Valet API, Hatchet's REST API. One pool of connections and one set
//! of certificates serve them all; the metadata service, which is plain HTTP, goes by the same pool.

mod client;
mod connect;
mod sdk;
pub mod transport;

pub use client::HttpClient;
