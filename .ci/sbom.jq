# CycloneDX 1.6 of what `cargo metadata` says: the crates that are built into the programs of an archive, not those of tests
# and build scripts. $programs names the programs, the archive's own first. A package is referred to by name and version:
# its id has the folder that it was built in, and the same commit gives the same bytes anywhere.
def reached($edges):
  def grow: . as $known | ([.[] | $edges[.] // [] | .[]] + $known | unique) as $next
    | if ($next | length) == ($known | length) then $known else $next | grow end;
  grow;

.packages as $packages
| ([$packages[] | {key: .id, value: "pkg:cargo/\(.name)@\(.version)"}] | from_entries) as $purl
| [$programs[] as $program | $packages[] | select(.name == $program and .source == null)] as $roots
| ([.resolve.nodes[] | {key: .id, value: [.deps[] | select(any(.dep_kinds[]; .kind == null)) | .pkg]}] | from_entries) as $edges
| ([$roots[].id] | reached($edges)) as $built
| {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: ($epoch | tonumber | todate),
      component: {
        type: "application",
        "bom-ref": "\($programs[0])-\($version)",
        name: $programs[0],
        version: $version,
        components: [$roots[] | {type: "application", "bom-ref": $purl[.id], name, version, licenses: [{expression: .license}]}]
      }
    },
    components: [
      $packages[] | select((.id | IN($built[])) and (.id | IN($roots[].id) | not))
      | {type: "library", "bom-ref": $purl[.id], name, version, purl: $purl[.id]}
        + (if .license then {licenses: [{expression: (.license | gsub("/"; " OR "))}]} else {} end)
    ] | sort_by(.name, .version),
    dependencies: [$built[] as $id | {ref: $purl[$id], dependsOn: ([$edges[$id] // [] | .[] | $purl[.]] | unique)}] | sort_by(.ref)
  }
