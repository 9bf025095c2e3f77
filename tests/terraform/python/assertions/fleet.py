"""What fleet.toml asks for, read here once more and without the program under test."""

import tomllib


def merged(table, overlay):
    both = dict(table)
    for key, value in overlay.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


class Fleet:
    def __init__(self, path, environment, publishers):
        tables = tomllib.loads(path.read_text())
        overlay = tables.pop("environments").get(environment, {})
        self.tables = merged(tables, overlay)
        self.environment = environment
        self.name = self["fleet"]["name"]
        self.prefix = f"{self.name}-{environment}"
        self.path = f"/{self.name}/{environment}"
        self.group = f"{self.prefix}-workers"
        self.namespace = self["worker"]["metrics"]["namespace"]
        self.tags = self["fleet"]["tags"] | {
            "Environment": environment,
            "Fleet": self.name,
            "ManagedBy": "valet-gen",
        }
        # (namespace, metric) -> the one dimension of its fleet-level series
        self.published = {
            (p["namespace"].replace("{fleet}", self.namespace), p["name"]): p["dimension"] for p in publishers
        }

    def __getitem__(self, table):
        return self.tables[table]
