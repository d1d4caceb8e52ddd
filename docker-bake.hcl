// The images of the shop: `docker buildx bake` builds the optimised ones, `docker buildx bake plain` what a beginner
// would build. The environment (blue, green) is not an input of any build: one image serves both.
//
// Machines that cannot pull base images have a docker-bake.override.hcl beside this file (scripts/base-images.sh makes
// it from docker-bake.offline.hcl); bake merges it by itself.

variable "TAG" {
  default = "latest"
}

// Prefix of every tag, ending in a slash: "registry.example.com/team/".
variable "REGISTRY" {
  default = ""
}

// Where the ml service gets PyTorch without CUDA from.
variable "TORCH_INDEX" {
  default = "https://download.pytorch.org/whl/cpu"
}

group "default" {
  targets = ["frontend", "backend", "ml"]
}

group "plain" {
  targets = ["frontend-plain", "backend-plain", "ml-plain"]
}

// Only constant labels: a label that changes with every build would change every image.
target "_common" {
  labels = {
    "org.opencontainers.image.vendor" = "shop"
  }
}

// A Dockerfile's path is relative to its context.
target "_frontend" {
  inherits = ["_common"]
  context  = "examples/shop/frontend"
  labels = {
    "org.opencontainers.image.title" = "shop-frontend"
  }
}

target "_backend" {
  inherits = ["_common"]
  context  = "examples/shop/backend"
  labels = {
    "org.opencontainers.image.title" = "shop-backend"
  }
}

target "_ml" {
  inherits = ["_common"]
  context  = "examples/shop/ml"
  labels = {
    "org.opencontainers.image.title" = "shop-ml"
  }
}

target "frontend" {
  inherits   = ["_frontend"]
  dockerfile = "../../../docker/frontend.optimized.Dockerfile"
  tags       = ["${REGISTRY}shop/frontend:${TAG}"]
}

target "backend" {
  inherits   = ["_backend"]
  dockerfile = "../../../docker/backend.optimized.Dockerfile"
  tags       = ["${REGISTRY}shop/backend:${TAG}"]
}

target "ml" {
  inherits   = ["_ml"]
  dockerfile = "../../../docker/ml.optimized.Dockerfile"
  tags       = ["${REGISTRY}shop/ml:${TAG}"]
  args = {
    TORCH_INDEX = TORCH_INDEX
  }
}

target "frontend-plain" {
  inherits   = ["_frontend"]
  dockerfile = "../../../docker/frontend.Dockerfile"
  tags       = ["${REGISTRY}shop/frontend:plain"]
}

target "backend-plain" {
  inherits   = ["_backend"]
  dockerfile = "../../../docker/backend.Dockerfile"
  tags       = ["${REGISTRY}shop/backend:plain"]
}

target "ml-plain" {
  inherits   = ["_ml"]
  dockerfile = "../../../docker/ml.Dockerfile"
  tags       = ["${REGISTRY}shop/ml:plain"]
}

// The same plain Dockerfile with the torch of the optimised image: what of the gain is not owed to CUDA.
target "ml-plain-cpu" {
  inherits = ["ml-plain"]
  tags     = ["${REGISTRY}shop/ml:plain-cpu"]
  args = {
    PIP_EXTRA_INDEX_URL = TORCH_INDEX
    PIP_CONSTRAINT      = "constraints.txt"
  }
}
