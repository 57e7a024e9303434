# Standard curves of R's DNase data (ELISA, 11 runs of 8 doses in duplicate) by nls and gnls: goldens of the assay stage.
#
#   Rscript validation/assay/dnase.R > validation/assay/dnase.json
#
# DNase: Davidian & Giltinan (1995), p. 134; shipped with R (package datasets).
# nls stops at a relative offset of 1e-5 by default, which leaves parameters about 5e-5 short of the minimum; every fit
# is therefore polished by Gauss-Newton steps until they no longer move it.
suppressPackageStartupMessages({library(nlme); library(jsonlite)})

curve4 <- function(x, A, D, lnC, lnB) D + (A - D) / (1 + exp(exp(lnB) * (log(x) - lnC)))
curve5 <- function(x, A, D, lnC, lnB, lng) D + (A - D) / (1 + exp(exp(lnB) * (log(x) - lnC)))^exp(lng)

polish <- function(x, y, w, f, p) {
  jacobian <- function(p) sapply(seq_along(p), function(k) {
    h <- 1e-5 * max(abs(p[k]), 0.1)
    up <- down <- up2 <- down2 <- p
    up[k] <- p[k] + h; down[k] <- p[k] - h; up2[k] <- p[k] + 2 * h; down2[k] <- p[k] - 2 * h
    g <- function(q) do.call(f, c(list(x), as.list(unname(q))))
    (8 * (g(up) - g(down)) - (g(up2) - g(down2))) / (12 * h)
  })
  for (i in 1:200) {
    r <- y - do.call(f, c(list(x), as.list(unname(p))))
    J <- jacobian(p)
    step <- qr.coef(qr(sqrt(w) * J), sqrt(w) * r)
    p <- p + step
    if (max(abs(step) / (abs(p) + 1)) < 1e-13) break
  }
  J <- jacobian(p)
  r <- y - do.call(f, c(list(x), as.list(unname(p))))
  s2 <- sum(w * r^2) / (length(y) - length(p))
  list(estimate = unname(p), covariance = unname(solve(crossprod(sqrt(w) * J)) * s2), sigma = sqrt(s2))
}

fit_run <- function(d) {
  x <- d$conc; y <- d$density; one <- rep(1, length(y)); inverse_y <- 1 / y
  start <- c(A = 0, D = 2.3, lnC = 1.4, lnB = 0)
  four <- nls(y ~ curve4(x, A, D, lnC, lnB), start = start, control = nls.control(maxiter = 200))
  weighted <- nls(y ~ curve4(x, A, D, lnC, lnB), start = coef(four), weights = inverse_y,
                  control = nls.control(maxiter = 200))
  five <- tryCatch(
    nls(y ~ curve5(x, A, D, lnC, lnB, lng), start = c(coef(four), lng = 0),
        control = nls.control(maxiter = 500, minFactor = 1e-8)),
    error = function(e) NULL)
  # gnls stops at 1e-7 at best (run 8 not at all): good to about 1e-5 in the parameters.
  power <- tryCatch(
    gnls(y ~ curve4(x, A, D, lnC, lnB), start = coef(four), data = data.frame(x = x, y = y), weights = varPower(0.5),
         control = gnlsControl(nlsTol = 1e-7, tolerance = 1e-7, maxIter = 500, nlsMaxIter = 100)),
    error = function(e) NULL)
  list(
    run = as.character(d$Run[1]), dose = x, response = y,
    nls_default = unname(coef(four)),
    four = polish(x, y, one, curve4, coef(four)),
    four_weighted = polish(x, y, inverse_y, curve4, coef(weighted)),
    five = if (is.null(five)) NULL else polish(x, y, one, curve5, coef(five)),
    power = if (is.null(power)) NULL else list(
      estimate = unname(coef(power)), power = unname(coef(power$modelStruct$varStruct, unconstrained = FALSE)),
      sigma = power$sigma)
  )
}

runs <- lapply(split(as.data.frame(DNase), as.integer(as.character(DNase$Run))), fit_run)
out <- list(
  source = "R datasets::DNase (Davidian & Giltinan 1995, p. 134)",
  software = list(R = R.version.string, nlme = as.character(packageVersion("nlme"))),
  parameters = c("A", "D", "ln C", "ln B", "ln g"),
  runs = unname(runs)
)
cat(toJSON(out, digits = NA, auto_unbox = TRUE, null = "null", pretty = TRUE), "\n", sep = "")
