// Three services and a shared store, all busybox: seconds to build, no network, nothing to pull.
// scripts/busybox.sh supplies the binary. Bake takes variables from the environment: theirs carry a prefix, because MODE or TAG
// may be set there for something else.

variable "LIGHT_TAG" {
  default = "latest"
}

// First part of every image's name.
variable "LIGHT_PREFIX" {
  default = "light"
}

// How the services behave when they start: ready, slow, never-ready, unhealthy, exit, crash-loop (services/base/start.sh).
variable "LIGHT_MODE" {
  default = "ready"
}

// Makes every image larger by so many kilobytes.
variable "LIGHT_PADDING_KB" {
  default = "0"
}

group "default" {
  targets = ["web", "api", "worker"]
}

// What all images start from. Never an image of its own, only a stage that the bake targets share.
target "base" {
  context  = "services/base"
  contexts = {
    busybox = ".busybox"
  }
  network = "none"
  output  = ["type=cacheonly"]
}

target "service" {
  name       = service
  matrix     = { service = ["web", "api", "worker"] }
  context    = "services/${service}"
  dockerfile = "../../docker/service.Dockerfile"
  contexts = {
    base = "target:base"
  }
  args = {
    MODE       = LIGHT_MODE
    PADDING_KB = LIGHT_PADDING_KB
  }
  network = "none"
  tags    = ["${LIGHT_PREFIX}/${service}:${LIGHT_TAG}"]
}

// The stateful part that blue and green share. Its image has a fixed tag, so no deploy replaces it by accident.
target "store" {
  context    = "services/store"
  dockerfile = "../../docker/store.Dockerfile"
  contexts = {
    base = "target:base"
  }
  network = "none"
  tags    = ["${LIGHT_PREFIX}/store:1"]
}
