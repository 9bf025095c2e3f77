# CycloneDX 1.6 of what `cargo metadata` says: the crates that are built into valet-gen, not those of tests and build scripts.
def reached($edges):
  def grow: . as $known | ([.[] | $edges[.] // [] | .[]] + $known | unique) as $next
    | if ($next | length) == ($known | length) then $known else $next | grow end;
  grow;

.packages as $packages
| ($packages[] | select(.name == "valet-gen" and .source == null)) as $root
| ([.resolve.nodes[] | {key: .id, value: [.deps[] | select(any(.dep_kinds[]; .kind == null)) | .pkg]}] | from_entries) as $edges
| ([$root.id] | reached($edges)) as $built
| {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: ($epoch | tonumber | todate),
      component: {type: "application", "bom-ref": $root.id, name: "valet-gen", version: $version, licenses: [{expression: $root.license}]}
    },
    components: [
      $packages[] | select(.id != $root.id and (.id | IN($built[])))
      | {type: "library", "bom-ref": .id, name, version, purl: "pkg:cargo/\(.name)@\(.version)"}
        + (if .license then {licenses: [{expression: (.license | gsub("/"; " OR "))}]} else {} end)
    ] | sort_by(.name, .version),
    dependencies: [$built[] as $id | {ref: $id, dependsOn: ($edges[$id] // [] | unique)}] | sort_by(.ref)
  }
