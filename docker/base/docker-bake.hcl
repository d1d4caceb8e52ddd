// Names and labels of the stand-ins that docker/base/Dockerfile makes; called by scripts/base-images.sh.

// Digest of everything that determines the images; one that carries it is not made again.
variable "RECIPE" {
  default = ""
}

// What the optimised Dockerfiles and the compose files name.
group "default" {
  targets = ["node-slim", "nginx", "python-slim", "ml-dependencies", "postgres"]
}

// What the plain Dockerfiles name.
group "plain" {
  targets = ["node-full", "python-torch"]
}

target "image" {
  matrix = {
    item = [
      { stage = "debian", name = "debian:bookworm-slim" },
      { stage = "busybox", name = "busybox:1" },
      { stage = "node-slim", name = "node:24-bookworm-slim" },
      { stage = "node-full", name = "node:24-bookworm" },
      { stage = "nginx", name = "nginx:1.28-alpine" },
      { stage = "python-slim", name = "python:3.11-slim" },
      { stage = "python-full", name = "python:3.11" },
      { stage = "python-torch", name = "python-torch:3.11" },
      { stage = "ml-dependencies", name = "ml-dependencies:3.11" },
      { stage = "postgres", name = "postgres:15" },
      { stage = "haproxy", name = "haproxy:2.6" },
    ]
  }
  name   = item.stage
  target = item.stage
  tags   = ["orchestrate.local/${item.name}"]
  labels = {
    "dev.orchestrate.base" = RECIPE
  }
}
