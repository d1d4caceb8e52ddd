// For machines that cannot pull: gives every base image that the shop's Dockerfiles name from a locally made one
// (docker/base). scripts/base-images.sh makes them and copies this file, with the variables of the machine, to
// docker-bake.override.hcl, which bake loads by itself after docker-bake.hcl. Who can pull needs none of this.

// A file of certificate authorities for the package registry, where the machine needs its own.
variable "CA_BUNDLE" {
  default = ""
}

// A folder of wheels for the ml service; without one it runs on Debian's PyTorch.
variable "WHEELHOUSE" {
  default = ""
}

target "frontend" {
  contexts = {
    "node:24-bookworm-slim" = "docker-image://orchestrate.local/node:24-bookworm-slim"
    "nginx:1.28-alpine"     = "docker-image://orchestrate.local/nginx:1.28-alpine"
  }
  secret = [for file in compact([CA_BUNDLE]) : "id=ca,src=${file}"]
}

target "backend" {
  contexts = {
    "node:24-bookworm-slim" = "docker-image://orchestrate.local/node:24-bookworm-slim"
  }
  secret = [for file in compact([CA_BUNDLE]) : "id=ca,src=${file}"]
}

// Debian's PyTorch comes as the finished environment that the stage `dependencies` would have made.
target "ml" {
  contexts = {
    "python:3.11-slim" = "docker-image://orchestrate.local/python:3.11-slim"
    (WHEELHOUSE == "" ? "dependencies" : "wheelhouse") = (
      WHEELHOUSE == "" ? "docker-image://orchestrate.local/ml-dependencies:3.11" : WHEELHOUSE
    )
  }
}

target "frontend-plain" {
  contexts = {
    "node:24-bookworm" = "docker-image://orchestrate.local/node:24-bookworm"
  }
  secret = [for file in compact([CA_BUNDLE]) : "id=ca,src=${file}"]
}

target "backend-plain" {
  contexts = {
    "node:24-bookworm" = "docker-image://orchestrate.local/node:24-bookworm"
  }
  secret = [for file in compact([CA_BUNDLE]) : "id=ca,src=${file}"]
}

// The base has Debian's PyTorch installed, or the wheels are at hand: either way pip needs no index, and must not wait for one.
target "ml-plain" {
  contexts = merge(
    { "python:3.11" = "docker-image://orchestrate.local/${WHEELHOUSE == "" ? "python-torch" : "python"}:3.11" },
    { for folder in compact([WHEELHOUSE]) : "wheelhouse" => folder }
  )
  args = {
    PIP_NO_INDEX = "1"
  }
}

// Debian's PyTorch is the same in the plain and in the optimised image; its versions are not those of constraints.txt.
target "ml-plain-cpu" {
  args = {
    PIP_EXTRA_INDEX_URL = ""
    PIP_CONSTRAINT      = WHEELHOUSE == "" ? "" : "constraints.txt"
  }
}
