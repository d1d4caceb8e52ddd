// Two services of one small server, for tests under load.

variable "LOAD_PREFIX" {
  default = "load"
}

// The release that the next build makes; test/rig/load/load-project.ts writes these three.
variable "LOAD_RELEASE" {
  default = "1"
}

// How it is broken (server/defect.ts); empty: it is not.
variable "LOAD_BREAKS" {
  default = ""
}

// How it ends at SIGTERM: graceful or at-once.
variable "LOAD_DIE" {
  default = "graceful"
}

// A Node that runs TypeScript.
variable "LOAD_BASE" {
  default = "docker-image://node:24-bookworm-slim"
}

group "default" {
  targets = ["web", "api"]
}

target "service" {
  name       = service
  matrix     = { service = ["web", "api"] }
  context    = "."
  dockerfile = "docker/app.Dockerfile"
  contexts   = { base = LOAD_BASE }
  args = {
    SERVICE = service
    RELEASE = LOAD_RELEASE
    BREAKS  = LOAD_BREAKS
    DIE     = LOAD_DIE
  }
  // What a newer release has taken the tag from is found by it.
  labels  = { "dev.orchestrate.test" = LOAD_PREFIX }
  network = "none"
  tags    = ["${LOAD_PREFIX}/${service}:latest"]
}
