//! systemd's interfaces on D-Bus, as far as they are used (org.freedesktop.systemd1(5)).

use zbus::zvariant::OwnedObjectPath;

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub trait Manager {
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1"
)]
pub trait UnitObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn load_state(&self) -> zbus::Result<String>;
    /// The id of the job that is under way and its object; 0 without one.
    #[zbus(property(emits_changed_signal = "false"))]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Job",
    default_service = "org.freedesktop.systemd1"
)]
pub trait JobObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn job_type(&self) -> zbus::Result<String>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Service",
    default_service = "org.freedesktop.systemd1"
)]
pub trait ServiceObject {
    #[zbus(property(emits_changed_signal = "false"), name = "MainPID")]
    fn main_pid(&self) -> zbus::Result<u32>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn memory_current(&self) -> zbus::Result<u64>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Slice",
    default_service = "org.freedesktop.systemd1"
)]
pub trait SliceObject {
    #[zbus(property(emits_changed_signal = "false"))]
    fn memory_max(&self) -> zbus::Result<u64>;
}

/// A unit by its path. Nothing is cached, here and below: a property is asked for once.
pub async fn unit_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<UnitObjectProxy<'a>> {
    UnitObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

/// A service by its unit's path.
pub async fn service_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<ServiceObjectProxy<'a>> {
    ServiceObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

/// A job by its path.
pub async fn job_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<JobObjectProxy<'a>> {
    JobObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}

/// A slice by its path.
pub async fn slice_object<'a>(
    connection: &zbus::Connection,
    path: &'a OwnedObjectPath,
) -> zbus::Result<SliceObjectProxy<'a>> {
    SliceObjectProxy::builder(connection)
        .path(path)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}
