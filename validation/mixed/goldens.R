# Golden values for tests/mixed from lme4, lmerTest, pbkrtest, nlme, clubSandwich and glmmTMB.
#
#   Rscript validation/mixed/goldens.R            writes validation/mixed/goldens.json
#
# lme4's default tolerance leaves theta good to 1e-5 only; every lme4 fit here is polished by Newton steps on lme4's
# own deviance function (numDeriv) before anything is read off. Data are drawn here, rounded to 6 decimals and
# stored with the results, so both sides see the same numbers.

suppressMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(nlme); library(clubSandwich); library(glmmTMB)
  library(numDeriv); library(jsonlite)
})

arguments <- commandArgs(FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
r6 <- function(x) round(x, 6)

polish <- function(formula, data, reml) {
  first <- suppressMessages(lme4::lmer(formula, data, REML = reml,
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9), calc.derivs = FALSE)))
  devfun <- suppressMessages(lme4::lmer(formula, data, REML = reml, devFunOnly = TRUE))
  theta <- getME(first, "theta")
  low <- getME(first, "lower")
  theta[low == 0 & abs(theta) < 1e-5] <- 0
  for (step in 1:6) {
    free <- !(low == 0 & theta == 0)
    if (!any(free)) break
    f <- function(x) { full <- theta; full[free] <- x; devfun(full) }
    g <- numDeriv::grad(f, theta[free], method.args = list(eps = 1e-4, d = 1e-3, r = 6))
    H <- numDeriv::hessian(f, theta[free], method.args = list(eps = 1e-4, d = 1e-3, r = 6))
    move <- tryCatch(solve(H, g), error = function(e) 0 * g)
    theta[free] <- theta[free] - move
    if (max(abs(move)) < 1e-12) break
  }
  list(theta = theta, devfun = devfun,
       gradient = if (any(free)) max(abs(g)) else 0)
}

at_theta <- function(formula, data, reml, theta) {
  fr <- lme4::lFormula(formula, data, REML = reml)
  devfun <- do.call(mkLmerDevfun, fr)
  value <- devfun(theta)
  opt <- list(par = theta, fval = value, conv = 0, message = "polished")
  model <- mkMerMod(environment(devfun), opt, fr$reTrms, fr = fr$fr)
  model@call <- call("lmer", formula = formula, data = quote(data), REML = reml)
  model
}

# lmerTest's computation, at the polished parameters
satterthwaite <- function(model, devfun, theta) {
  sigma <- sigma(model)
  reml <- isREML(model)
  at <- c(theta, sigma)
  of <- function(vp) lmerTest:::devfun_vp(vp, devfun, reml)
  co <- function(vp) lmerTest:::get_covbeta(vp, devfun)
  tight <- list(eps = 1e-4, d = if (any(theta > 0 & theta < 0.1)) 0.2 else 1e-2, r = 6)
  h <- numDeriv::hessian(of, at, method.args = tight)
  jac <- numDeriv::jacobian(co, at, method.args = tight)
  p <- length(fixef(model))
  jacobians <- lapply(seq_along(at), function(i) matrix(jac[, i], p))
  e <- eigen(h, symmetric = TRUE)
  ok <- e$values > 1e-5   # numerical zeros of the boundary directions are far below
  v <- 2 * e$vectors[, ok, drop = FALSE] %*% diag(1 / e$values[ok], sum(ok)) %*% t(e$vectors[, ok, drop = FALSE])
  C <- as.matrix(vcov(model))
  one <- function(l) {
    g <- vapply(jacobians, function(J) as.numeric(l %*% J %*% l), numeric(1))
    2 * as.numeric(l %*% C %*% l)^2 / as.numeric(g %*% v %*% g)
  }
  joint <- function(L) {
    ee <- eigen(L %*% C %*% t(L), symmetric = TRUE)
    PL <- t(ee$vectors) %*% L
    t2 <- as.numeric(PL %*% fixef(model))^2 / ee$values
    list(F = mean(t2), df = lmerTest:::get_Fstat_ddf(apply(PL, 1, one)))
  }
  list(df = vapply(seq_len(p), function(j) one(diag(p)[j, ]), numeric(1)), joint = joint)
}

lme4_case <- function(name, formula, data, call, reml = TRUE, kr = TRUE, cr2 = NULL, ci = FALSE, store = TRUE) {
  cat(name, "\n")
  formula <- as.formula(formula)
  environment(formula) <- environment()
  polished <- polish(formula, data, reml)
  model <- at_theta(formula, data, reml, polished$theta)
  p <- length(fixef(model))
  out <- list(
    name = name, software = "lme4", formula = deparse(formula, 500), reml = reml, call = call,
    theta = as.numeric(polished$theta), polish_gradient = polished$gradient,
    log_likelihood = as.numeric(logLik(model)), aic = AIC(model), bic = BIC(model),
    sigma2 = sigma(model)^2, estimates = as.numeric(fixef(model)), terms = names(fixef(model)),
    covariance = as.matrix(vcov(model)),
    random = lapply(VarCorr(model), function(m) matrix(as.numeric(m), nrow(m))))
  if (store) out$data <- as.list(data)
  if (p > 1) L <- diag(p)[-1, , drop = FALSE]
  if (kr) {
    s <- satterthwaite(model, polished$devfun, polished$theta)
    out$satterthwaite <- list(df = s$df)
    if (p > 1) { j <- s$joint(L); out$satterthwaite$F <- j$F; out$satterthwaite$joint_df <- j$df }
  }
  if (kr && reml) {
    V <- pbkrtest::vcovAdj(model)
    A <- as.matrix(V)
    out$kenward_roger <- list(
      std_error = sqrt(diag(A)), covariance = matrix(as.numeric(A), p),
      df = vapply(seq_len(p), function(i) pbkrtest::Lb_ddf(diag(p)[i, ], vcov(model), V), numeric(1)))
    if (p > 1) {
      test <- pbkrtest:::.KR_adjust(V, vcov(model), L, fixef(model), 0)
      out$kenward_roger$joint <- list(F = test[["Fstat"]], df = test[["ddf"]], unscaled = test[["FstatU"]], scaling = test[["F.scaling"]])
    }
  }
  if (!is.null(cr2)) {
    test <- coef_test(model, vcov = "CR2", cluster = data[[cr2]], test = "Satterthwaite")
    se <- if ("SE" %in% names(test)) test$SE else test[[2]]
    df <- if ("df_Satt" %in% names(test)) test$df_Satt else test$df
    V <- vcovCR(model, cluster = data[[cr2]], type = "CR2")
    out$cr2 <- list(std_error = se, df = df, covariance = matrix(as.numeric(V), p))
  }
  if (ci) {
    prof <- suppressWarnings(confint(profile(suppressMessages(lme4::lmer(formula, data, REML = FALSE,
      control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))), signames = FALSE)))
    out$profile <- list(names = rownames(prof), low = prof[, 1], high = prof[, 2])
  }
  re <- ranef(model, condVar = TRUE)
  if (store) out$ranef <- lapply(re, function(x) list(values = as.matrix(x), sd = {
    pv <- attr(x, "postVar"); if (is.list(pv)) NULL else t(apply(pv, 3, function(m) sqrt(diag(as.matrix(m))))) }))
  out
}

nlme_case <- function(name, model, data, call, text) {
  cat(name, "\n")
  is_lme <- inherits(model, "lme")
  out <- list(name = name, software = "nlme", formula = text, reml = model$method == "REML", call = call,
              log_likelihood = as.numeric(logLik(model)), sigma2 = model$sigma^2,
              estimates = as.numeric(if (is_lme) fixef(model) else coef(model)),
              covariance = {
                V <- as.matrix(vcov(model)); matrix(as.numeric(V), nrow(V)) },
              data = as.list(data))
  if (is_lme) {
    R <- model$modelStruct$reStruct
    out$random <- lapply(R, function(r) { m <- as.matrix(r) * model$sigma^2; matrix(as.numeric(m), nrow(m)) })
  }
  cs <- model$modelStruct$corStruct
  vs <- model$modelStruct$varStruct
  if (!is.null(cs)) out$correlation <- as.numeric(coef(cs, unconstrained = FALSE))
  if (!is.null(vs) && !inherits(vs, "varFixed")) {
    w <- coef(vs, unconstrained = FALSE, allCoef = TRUE)
    out$variances <- as.list((w * model$sigma)^2)
  }
  out
}

# ---- data ------------------------------------------------------------------------------------------------------------

sessions <- function(seed, patients = 22, per = 4, tau = c(1, 0.5), drop = 2, between = TRUE) {
  set.seed(seed)
  d <- expand.grid(session = seq_len(per) * 4, patient = seq_len(patients))[, 2:1]
  n <- nrow(d)
  d$time <- d$session / 4 - 1
  d$ot_within <- r6(rnorm(n))
  d$ot_between <- r6(rnorm(patients)[d$patient])
  d$role <- ifelse(seq_len(n) %% 2 == 1, "patient", "therapist")
  u <- rnorm(patients, sd = tau[1]); v <- rnorm(patients, sd = tau[2])
  d$bond <- r6(5 + 0.2 * d$time + 0.3 * d$ot_within + u[d$patient] + v[d$patient] * d$time + rnorm(n))
  if (drop) d <- d[-sample(n, drop), ]
  d
}
find_seed <- function(make, formula, want, from = 1) {
  for (seed in from:(from + 500)) {
    d <- make(seed)
    m <- suppressWarnings(suppressMessages(lme4::lmer(as.formula(formula), d)))
    if (want(m)) return(d)
  }
  stop("no such data")
}

f <- "bond ~ time + ot_within + ot_between"
call1 <- function(...) c(list(formula = f, groups = "patient", random = "1"), list(...))
with <- function(call, ...) { new <- list(...); call[names(new)] <- new; call }
d1 <- sessions(2018, tau = c(1, 0))
d2 <- sessions(7, tau = c(1, 0.6))
cases <- list()
add <- function(x) cases[[length(cases) + 1]] <<- x

add(lme4_case("random intercept", paste(f, "+ (1 | patient)"), d1, call1(), cr2 = "patient", ci = TRUE))
add(lme4_case("random intercept, ML", paste(f, "+ (1 | patient)"), d1, call1(), reml = FALSE))
add(lme4_case("random slope", paste(f, "+ (1 + time | patient)"), d2, with(call1(), random = "1 + time"), cr2 = "patient", ci = TRUE))
add(lme4_case("random slope, ML", paste(f, "+ (1 + time | patient)"), d2, with(call1(), random = "1 + time"), reml = FALSE))
add(lme4_case("uncorrelated slope", paste(f, "+ (1 + time || patient)"), d2, with(call1(), random = "1 + time", covariance = "diagonal")))
add(lme4_case("intercept model", "bond ~ 1 + (1 | patient)", d1, with(call1(), formula = "bond ~ 1")))
add(lme4_case("factor slope", "bond ~ role + ot_within + (0 + role | patient)", {
  set.seed(11); d <- sessions(11, tau = c(0.8, 0)); w <- rnorm(22); d$bond <- r6(d$bond + w[d$patient] * (d$role == "patient")); d
}, list(formula = "bond ~ role + ot_within", groups = "patient", random = "0 + role")))
add(lme4_case("three effects", paste(f, "+ (1 + time + ot_within | patient)"), {
  d <- sessions(5, patients = 30, per = 6, tau = c(1, 0.5)); set.seed(6); w <- rnorm(30, sd = 0.7)
  d$bond <- r6(d$bond + w[d$patient] * d$ot_within); d
}, with(call1(), random = "1 + time + ot_within"), cr2 = "patient"))

set.seed(21)
dn <- expand.grid(session = 1:4, patient = 1:5, therapist = 1:8)
dn <- dn[-sample(nrow(dn), 17), ]
dn$x <- r6(rnorm(nrow(dn)))
dn$bond <- r6(4 + 0.3 * dn$x + rnorm(8, sd = 0.7)[dn$therapist] + rnorm(40)[(dn$therapist - 1) * 5 + dn$patient] + rnorm(nrow(dn)))
add(lme4_case("nested, inner labels repeat", "bond ~ x + session + (1 | therapist/patient)", dn,
  list(formula = "bond ~ x + session", groups = list("therapist", "patient"), random = "1")))
add(lme4_case("nested with slopes", "bond ~ x + session + (1 | therapist) + (1 + session | therapist:patient)", {
  d <- dn; set.seed(3); w <- rnorm(40, sd = 0.6); d$bond <- r6(d$bond + w[(d$therapist - 1) * 5 + d$patient] * d$session); d
}, list(formula = "bond ~ x + session", groups = list("therapist", "patient"), random = list("1", "1 + session"))))

set.seed(31)
dc <- expand.grid(coder = 1:5, item = 1:24)
dc <- dc[-sample(nrow(dc), 12), ]
dc$x <- r6(rnorm(nrow(dc)))
dc$count <- r6(3 + 0.4 * dc$x + rnorm(5, sd = 0.8)[dc$coder] + rnorm(24)[dc$item] + rnorm(nrow(dc)))
add(lme4_case("crossed", "count ~ x + (1 | coder) + (1 | item)", dc,
  list(formula = "count ~ x", groups = list(coder = "1", item = "1"))))
add(lme4_case("crossed with a slope", "count ~ x + (1 | coder) + (1 + x | item)", {
  d <- dc; set.seed(8); w <- rnorm(24, sd = 0.7); d$count <- r6(d$count + w[d$item] * d$x); d
}, list(formula = "count ~ x", groups = list(coder = "1", item = "1 + x"))))

zero <- function(seed) sessions(seed, tau = c(0, 0))
near <- find_seed(function(s) sessions(s, tau = c(0.15, 0)), paste(f, "+ (1 | patient)"),
  function(m) { t <- getME(m, "theta"); t > 1e-3 && t < 0.06 })
add(lme4_case("near zero", paste(f, "+ (1 | patient)"), near, call1(), cr2 = "patient"))
add(lme4_case("exactly zero", paste(f, "+ (1 | patient)"), find_seed(zero, paste(f, "+ (1 | patient)"), isSingular),
  call1(), cr2 = "patient"))
add(lme4_case("correlation at one", paste(f, "+ (1 + time | patient)"),
  find_seed(function(s) sessions(s, tau = c(1, 0.2)), paste(f, "+ (1 + time | patient)"),
    function(m) { t <- getME(m, "theta"); t[1] > 0.2 && abs(t[2]) > 0.05 && t[3] < 1e-4 }),
  with(call1(), random = "1 + time")))
add(lme4_case("slope variance at zero, uncorrelated", paste(f, "+ (1 + time || patient)"),
  find_seed(function(s) sessions(s, tau = c(1, 0)), paste(f, "+ (1 + time || patient)"),
    function(m) { t <- getME(m, "theta"); t[1] > 0.2 && t[2] < 1e-4 }),
  with(call1(), random = "1 + time", covariance = "diagonal")))

set.seed(41)
sizes <- c(1, 1, 2, 9, 3, 1, 5, 2, 14, 4, 2, 1)
du <- data.frame(patient = rep(seq_along(sizes), sizes))
du$x <- r6(rnorm(nrow(du))); du$ot_between <- r6(rnorm(12)[du$patient])
du$bond <- r6(2 + 0.5 * du$x + rnorm(12)[du$patient] + rnorm(nrow(du)))
add(lme4_case("unbalanced, tiny groups", "bond ~ x + ot_between + (1 | patient)", du,
  list(formula = "bond ~ x + ot_between", groups = "patient", random = "1"), cr2 = "patient"))
add(lme4_case("eight patients", paste(f, "+ (1 | patient)"), sessions(77, patients = 8, drop = 3), call1(), cr2 = "patient"))
add(lme4_case("badly scaled predictors", paste(f, "+ (1 | patient)"), {
  d <- d1; d$time <- d$time * 1000 + 5000; d }, call1(), kr = TRUE))

# 60,000 rows from a generator that is exact in doubles on both sides (Park-Miller), so they need not be stored
stream <- function(n, seed) { out <- numeric(n); s <- seed; for (i in seq_len(n)) { s <- (16807 * s) %% 2147483647; out[i] <- s / 2147483647 }; out }
big <- local({
  n <- 60000; k <- 2000
  noise <- matrix(stream(n * 4, 12345), n); x <- stream(n, 777) - 0.5; u <- rowSums(matrix(stream(k * 4, 4242), k)) - 2
  patient <- rep(seq_len(k), each = 30); time <- rep(0:29, k) / 10
  w <- rowSums(matrix(stream(k * 4, 999), k)) - 2
  data.frame(patient, time, x, bond = 1 + 0.2 * time + 0.5 * x + u[patient] + 0.3 * w[patient] * time + rowSums(noise) - 2)
})
add(lme4_case("60,000 rows, intercept", "bond ~ time + x + (1 | patient)", big,
  list(formula = "bond ~ time + x", groups = "patient", random = "1"), kr = TRUE, store = FALSE))
add(lme4_case("60,000 rows, slope", "bond ~ time + x + (1 + time | patient)", big,
  list(formula = "bond ~ time + x", groups = "patient", random = "1 + time"), kr = FALSE, store = FALSE))

# ---- nlme: residual structures, known variances ----------------------------------------------------------------------

tight <- lmeControl(maxIter = 500, msMaxIter = 1000, tolerance = 1e-13, msTol = 1e-14, niterEM = 200, opt = "nlminb")
tight_gls <- glsControl(maxIter = 500, msMaxIter = 1000, tolerance = 1e-13, msTol = 1e-14)
set.seed(51)
da <- sessions(51, patients = 24, per = 8, tau = c(0.8, 0), drop = 9)
da$session <- da$session / 4
da$weeks <- da$session^2 / 4
da$patient <- da$patient
da <- da[order(da$patient, da$session), ]
e <- ave(rnorm(nrow(da)), da$patient, FUN = function(z) as.numeric(stats::filter(z, 0.6, method = "recursive")))
da$bond <- r6(da$bond + e)
fa <- bond ~ time + ot_within
ca <- list(formula = "bond ~ time + ot_within", groups = "patient", random = "1")
for (m in c("REML", "ML")) {
  tag <- if (m == "ML") ", ML" else ""
  low <- tolower(m)
  add(nlme_case(paste0("AR(1)", tag), lme(fa, da, ~ 1 | patient, corAR1(form = ~ session | patient), method = m, control = tight),
    da, with(ca, residual = "ar1(session)", method = low), "lme(random = ~ 1 | patient, corAR1(form = ~ session | patient))"))
  add(nlme_case(paste0("continuous AR", tag), lme(fa, da, ~ 1 | patient, corCAR1(form = ~ weeks | patient), method = m, control = tight),
    da, with(ca, residual = "car1(weeks)", method = low), "lme(random = ~ 1 | patient, corCAR1(form = ~ weeks | patient))"))
  add(nlme_case(paste0("variances by role", tag), lme(fa, da, ~ 1 | patient, weights = varIdent(form = ~ 1 | role), method = m, control = tight),
    da, with(ca, residual = "varying(role)", method = low), "lme(random = ~ 1 | patient, weights = varIdent(form = ~ 1 | role))"))
}
add(nlme_case("AR(1) without random effects", gls(fa, da, corAR1(form = ~ session | patient), control = tight_gls),
  da, list(formula = "bond ~ time + ot_within", groups = "patient", random = NULL, residual = "ar1(session)"), "gls(corAR1(form = ~ session | patient))"))
ds <- da; set.seed(52); ds$bond <- r6(ds$bond + rnorm(24, sd = 0.5)[ds$patient] * ds$time)
add(nlme_case("continuous AR with a slope", lme(fa, ds, ~ 1 + time | patient, corCAR1(form = ~ weeks | patient), control = tight),
  ds, with(ca, random = "1 + time", residual = "car1(weeks)"), "lme(random = ~ 1 + time | patient, corCAR1(form = ~ weeks | patient))"))

set.seed(61)
dd <- expand.grid(role = c("patient", "therapist"), session = 1:5, dyad = 1:20, stringsAsFactors = FALSE)
n <- nrow(dd)
dd$x <- r6(rnorm(n))
common <- rnorm(n / 2)[rep(seq_len(n / 2), each = 2)]
dd$bond <- r6(4 + 0.3 * dd$x + 0.5 * (dd$role == "patient") + rnorm(20)[dd$dyad] + 0.8 * common + rnorm(n) * ifelse(dd$role == "patient", 1, 0.6))
dd <- dd[-sample(n, 15), ]
dd$number <- ifelse(dd$role == "patient", 1L, 2L)
for (m in c("REML", "ML"))
  add(nlme_case(paste0("dyad within a session", if (m == "ML") ", ML" else ""),
    lme(bond ~ role + x, dd, ~ 1 | dyad, corSymm(form = ~ number | dyad/session), weights = varIdent(form = ~ 1 | role), method = m, control = tight),
    dd, list(formula = "bond ~ role + x", groups = "dyad", random = "1", residual = "unstructured(role | session)", method = tolower(m)),
    "lme(random = ~ 1 | dyad, corSymm(form = ~ number | dyad/session), weights = varIdent(form = ~ 1 | role))"))

set.seed(71)
dm <- data.frame(study = rep(1:12, c(1, 2, 3, 1, 2, 4, 1, 1, 2, 3, 1, 2)))
dm$effect <- seq_len(nrow(dm)); dm$vi <- r6(runif(nrow(dm), 0.01, 0.1)); dm$x <- r6(rnorm(nrow(dm)))
dm$yi <- r6(0.3 + 0.2 * dm$x + rnorm(12, sd = 0.3)[dm$study] + rnorm(nrow(dm), sd = 0.2) + rnorm(nrow(dm)) * sqrt(dm$vi))
known <- lmeControl(sigma = 1, maxIter = 500, msMaxIter = 1000, tolerance = 1e-13, msTol = 1e-14, niterEM = 200)
# ML only: with sigma fixed, nlme's REML criterion is not the restricted likelihood (README)
add(nlme_case("known variances, one level, ML", lme(yi ~ x, dm, ~ 1 | effect, weights = varFixed(~ vi), control = known, method = "ML"),
  dm, list(formula = "yi ~ x", groups = "effect", random = "1", sampling_variance = "vi", method = "ml"), "lme(random = ~ 1 | effect, weights = varFixed(~ vi), sigma = 1)"))
add(nlme_case("known variances, two levels, ML", lme(yi ~ x, dm, ~ 1 | study/effect, weights = varFixed(~ vi), control = known, method = "ML"),
  dm, list(formula = "yi ~ x", groups = list("study", "effect"), random = "1", sampling_variance = "vi", method = "ml"), "lme(random = ~ 1 | study/effect, weights = varFixed(~ vi), sigma = 1)"))

# a second opinion on two structures: glmmTMB, another likelihood (Laplace, exact here) and another optimiser
glmm_case <- function(name, formula, data, call, reml) {
  cat(name, "\n")
  m <- suppressWarnings(glmmTMB(formula, data, dispformula = ~ 0, REML = reml,
    control = glmmTMBControl(optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14, x.tol = 1e-12))))
  list(name = name, software = "glmmTMB", formula = deparse(formula, 500), reml = reml, call = call,
       log_likelihood = as.numeric(logLik(m)), estimates = as.numeric(fixef(m)$cond),
       covariance = { V <- as.matrix(vcov(m)$cond); matrix(as.numeric(V), nrow(V)) }, data = as.list(data))
}
dg <- da; dg$occasion <- factor(dg$session); dg$patient <- factor(dg$patient)
for (reml in c(TRUE, FALSE)) {
  add(glmm_case(paste0("AR(1) by glmmTMB", if (!reml) ", ML" else ""),
    bond ~ time + ot_within + (1 | patient) + ar1(occasion + 0 | patient), dg,
    with(ca, residual = "ar1(session)", method = if (reml) "reml" else "ml"), reml))
  du2 <- dd; du2$dyad <- factor(du2$dyad); du2$both <- interaction(du2$dyad, du2$session)
  add(glmm_case(paste0("dyad within a session by glmmTMB", if (!reml) ", ML" else ""),
    bond ~ role + x + (1 | dyad) + us(role + 0 | both), du2,
    list(formula = "bond ~ role + x", groups = "dyad", random = "1", residual = "unstructured(role | session)", method = if (reml) "reml" else "ml"), reml))
}

# every sample of a study: patients, their sessions, and the runs of the assay, which cross both
set.seed(81)
ds3 <- expand.grid(post = 0:1, session = 1:4, patient = 1:22)[-c(4, 51, 52, 101), ]
n <- nrow(ds3)
ds3$patient_session <- 10 * ds3$patient + ds3$session
ds3$run <- (ds3$patient %/% 3 + sample(0:1, n, replace = TRUE)) %% 8
ds3$x <- r6(rnorm(n))
ds3$conc <- r6(2 + 0.3 * ds3$post + 0.2 * ds3$x + rnorm(22)[ds3$patient] + 0.6 * rnorm(300)[ds3$patient_session] +
  0.4 * rnorm(8)[ds3$run + 1] + rnorm(n, sd = 0.5))
c3 <- list(formula = "conc ~ post*x", groups = list(patient = "1", patient_session = "1", run = "1"))
f3 <- "conc ~ post*x + (1 | patient) + (1 | patient_session) + (1 | run)"
add(lme4_case("three factors", f3, ds3, c3))
add(lme4_case("three factors, ML", f3, ds3, c3, reml = FALSE))
add(lme4_case("three factors with a slope", "conc ~ post*x + (1 + x | patient) + (1 | patient_session) + (1 | run)",
  within(ds3, { set.seed(82); conc <- r6(conc + rnorm(22, sd = 0.5)[patient] * x) }),
  list(formula = "conc ~ post*x", groups = list(patient = "1 + x", patient_session = "1", run = "1"))))

versions <- sapply(c("glmmTMB", "lme4", "lmerTest", "pbkrtest", "nlme", "clubSandwich", "numDeriv"), function(x) as.character(packageVersion(x)))
json <- toJSON(list(r = R.version.string, versions = as.list(versions), command = "Rscript validation/mixed/goldens.R", cases = cases),
  digits = I(17), auto_unbox = TRUE, null = "null", na = "null", matrix = "rowmajor")
writeLines(json, file.path(here, "goldens.json"))
cat(length(cases), "cases\n")
