# Rendered by valet-gen from fleet.toml, environment staging: what an instance gets that its image does not have.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# One AMI serves every environment: what differs is here, and valet-configure.service gives it to the host's programs before
# they start. Nothing in it is secret: whoever may describe the instance can read it.
locals {
  # JSON is YAML, and no value can break out of it.
  instance_settings = "#cloud-config\n${jsonencode({
    write_files = [
      {
        path        = "/etc/valet/instance.json"
        owner       = "root:root"
        permissions = "0644"
        content     = jsonencode(jsondecode(file("${path.module}/instance.json")))
      },
    ]
  })}"

  # MIME parts for cloud-init, the fleet's own first. A later cloud-config needs the header
  # "X-Merge-Type: list(append)+dict(no_replace,recurse_list)+str()", or its write_files replace these.
  user_data_parts = [
    join("\n", ["Content-Type: text/cloud-config; charset=\"utf-8\"", "MIME-Version: 1.0", "", local.instance_settings]),
  ]

  user_data = join("\n", concat(
    ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"=valet-user-data=\"", ""],
    [for part in local.user_data_parts : "--=valet-user-data=\n${part}"],
    ["--=valet-user-data=--", ""],
  ))
}
