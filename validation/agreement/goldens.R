# Golden values for tests/agreement from psych, stats and lme4.
#
#   Rscript validation/agreement/goldens.R        writes validation/agreement/goldens.json
#
# Data are drawn here, rounded to 6 decimals and stored with the results, so both sides see the same numbers.
# psych's ICC uses lmer by default, which clamps variances at zero; its ANOVA form (lmer = FALSE) does not and is the
# golden of complete designs. Incomplete designs have no ANOVA form: there the variances come from lme4 directly.

suppressMessages({
  library(psych); library(lme4); library(jsonlite)
})

arguments <- commandArgs(FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
r6 <- function(x) round(x, 6)
set.seed(20180)

icc_case <- function(x, alpha = .05) {
  found <- suppressWarnings(ICC(x, lmer = FALSE, alpha = alpha))
  table <- found$results
  list(ratings = unname(as.matrix(x)), level = 1 - alpha,
       forms = list("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"),
       estimate = table$ICC, statistic = table$F, df1 = table$df1, df2 = table$df2, p_value = table$p,
       ci_low = table$`lower bound`, ci_high = table$`upper bound`)
}

draw <- function(n, k, between, rater, error) {
  r6(outer(rnorm(n, 0, between), rnorm(k, 0, rater), "+") + matrix(rnorm(n * k, 0, error), n, k) + 3)
}

shrout_fleiss <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), 6, 4, byrow = TRUE)
counts <- matrix(rpois(172, rep(rgamma(86, .8, .4), 2)), 86, 2)
cases <- list(
  shrout_fleiss = icc_case(shrout_fleiss),
  two_coders = icc_case(draw(86, 2, 1, .2, .5)),
  two_coders_90 = icc_case(draw(40, 2, 1, .5, .7), alpha = .10),
  three_coders = icc_case(draw(30, 3, .8, .4, 1)),
  negative = icc_case({ x <- draw(12, 2, .05, .3, 1); x[, 2] <- r6(x[, 2] - x[, 1]); x }),
  biased = icc_case({ x <- draw(20, 2, 1, 0, .3); x[, 2] <- x[, 2] + 4; x }),
  counts = icc_case(counts),
  far_from_zero = icc_case(draw(25, 2, 1, .2, .5) + 1e5)
)

# Incomplete: targets and raters crossed, REML by lme4 (its optimiser is good to about 1e-6 here).
incomplete_case <- function(n, k, keep) {
  x <- draw(n, k, 1, .4, .6)
  for (i in 1:n) x[i, sample(k, k - keep)] <- NA
  long <- data.frame(y = as.vector(x), target = factor(rep(1:n, k)), rater = factor(rep(1:k, each = n)))
  long <- long[!is.na(long$y), ]
  fit <- lmer(y ~ 1 + (1 | target) + (1 | rater), long,
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10), calc.derivs = FALSE))
  v <- as.data.frame(VarCorr(fit))
  component <- setNames(v$vcov, v$grp)
  list(ratings = x, target = component[["target"]], rater = component[["rater"]], residual = component[["Residual"]])
}
incomplete <- list(rotating_pairs = incomplete_case(60, 3, 2), gaps = incomplete_case(40, 4, 3))

# Sessions nested in patients, coders crossed with both: mean squares by lm, components from their expectations.
nested_case <- function(patients, sessions, coders) {
  d <- expand.grid(coder = 1:coders, session = 1:sessions, patient = 1:patients)
  d$y <- r6(rnorm(patients)[d$patient] + rnorm(patients * sessions)[(d$patient - 1) * sessions + d$session] +
    rnorm(coders, 0, .4)[d$coder] + rnorm(patients * coders, 0, .3)[(d$patient - 1) * coders + d$coder] +
    rnorm(nrow(d), 0, .5) + 4)
  f <- transform(d, patient = factor(patient), session = factor(session), coder = factor(coder))
  ms <- anova(lm(y ~ patient + patient:session + coder + patient:coder, f))
  m <- setNames(ms$`Mean Sq`, rownames(ms))
  e <- m[["Residuals"]]
  session <- (m[["patient:session"]] - e) / coders
  coder_patient <- (m[["patient:coder"]] - e) / sessions
  coder <- (m[["coder"]] - m[["patient:coder"]]) / (patients * sessions)
  patient <- (m[["patient"]] - m[["patient:session"]] - m[["patient:coder"]] + e) / (sessions * coders)
  list(patient = d$patient, session = d$session, coder = d$coder, y = d$y,
       components = list(patient = patient, session = session, coder = coder, coder_patient = coder_patient,
                         residual = e))
}
nested <- list(balanced = nested_case(22, 4, 2), three_coders = nested_case(12, 5, 3))

# Scales: alpha, item statistics and one common factor by maximum likelihood.
scale_case <- function(n, loadings, spread) {
  x <- outer(rnorm(n), loadings) + sapply(spread, function(s) rnorm(n, 0, s))
  x <- pmin(pmax(round(x * 1.2 + 4), 1), 7)
  a <- suppressWarnings(psych::alpha(x, check.keys = FALSE, warnings = FALSE))
  f <- factanal(covmat = cov(x), factors = 1, n.obs = n, control = list(opt = list(factr = 1e1)))
  load <- abs(as.vector(f$loadings)); sds <- apply(x, 2, sd)
  common <- sum(sds * load)^2
  list(answers = unname(x), alpha = a$total$raw_alpha, r_drop = a$item.stats$r.drop,
       alpha_drop = a$alpha.drop$raw_alpha, loadings = load, uniquenesses = unname(f$uniquenesses),
       omega = common / (common + sum(sds^2 * f$uniquenesses)))
}
scales <- list(
  bond = scale_case(120, c(.8, .7, .9, .6), c(.6, .8, .5, .9)),
  twelve = scale_case(200, seq(.4, .9, length.out = 12), rep(.7, 12))
)

# Kappa: psych's estimates; its standard error of the unweighted kappa is Fleiss, Cohen and Everitt's, that of the
# weighted one is another, so only estimates of weighted kappas are compared.
kappa_case <- function(table) {
  found <- suppressWarnings(cohen.kappa(table))
  categories <- nrow(table)
  linear <- 1 - abs(outer(1:categories, 1:categories, "-")) / (categories - 1)
  p <- table / sum(table)
  chance <- outer(rowSums(p), colSums(p))
  list(table = unname(table), kappa = found$kappa, se = sqrt(found$var.kappa), quadratic = found$weighted.kappa,
       linear = (sum(linear * p) - sum(linear * chance)) / (1 - sum(linear * chance)))
}
kappas <- list(
  cohen_1968 = kappa_case(matrix(c(44, 5, 1, 7, 20, 3, 9, 5, 6), 3, 3, byrow = TRUE)),
  five_grades = kappa_case(matrix(rpois(25, outer(1:5, 1:5, function(i, j) 12 / (1 + (i - j)^2 * 2))), 5, 5)),
  presence = kappa_case(matrix(c(40, 6, 9, 31), 2, 2))
)

# A sweep: tables of every kind a lab may send, with few and many targets, ties, constant and perfect coders, negative
# coefficients. psych steps over the pole of Spearman and Brown's formula and gives intervals that do not hold their
# estimate there; the test says which of its ends are compared.
sweep_table <- function(i) {
  k <- sample(2:6, 1)
  n <- sample(c(3, 4, 5, 8, 12, 20, 40), 1)
  x <- draw(n, k, sample(c(0, .2, 1, 2), 1), sample(c(0, .3, 1), 1), sample(c(.1, .5, 1, 2), 1))
  kind <- c("real", "integer", "ties", "counts", "constant", "perfect", "negative", "bias", "far", "zeroes")[i %% 10 + 1]
  if (kind == "integer") x <- round(x * 2)
  if (kind == "ties") x <- pmin(pmax(round(x), 2), 4)
  if (kind == "counts") x <- matrix(rpois(n * k, rep(rgamma(n, .8, .4), k)), n, k)
  if (kind == "constant") x[, 1] <- 3
  if (kind == "perfect") x <- matrix(rep(round(rnorm(n, 3, 2), 3), k), n, k)
  if (kind == "negative") x <- r6(x - .9 * rowMeans(x))
  if (kind == "bias") x[, k] <- x[, k] + 5
  if (kind == "far") x <- x + 1e4
  if (kind == "zeroes") x <- matrix(rpois(n * k, 2) * (runif(n * k) < .3), n, k)
  x
}
set.seed(20181)
sweep <- lapply(1:60, function(i) icc_case(sweep_table(i)))

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), calc.derivs = FALSE)

# A fifth of the sessions coded by two of three coders, the others by one of them.
fifth <- function() {
  x <- draw(80, 3, 1, .5, .5)
  for (i in 1:80) x[i, sample(3, if (i %% 5 == 0) 1 else 2)] <- NA
  long <- data.frame(y = as.vector(x), target = factor(rep(1:80, 3)), rater = factor(rep(1:3, each = 80)))
  fit <- lmer(y ~ 1 + (1 | target) + (1 | rater), long[!is.na(long$y), ], control = tight)
  v <- as.data.frame(VarCorr(fit))
  component <- setNames(v$vcov, v$grp)
  list(ratings = x, target = component[["target"]], rater = component[["rater"]], residual = component[["Residual"]])
}
incomplete$a_fifth_twice <- fifth()

# Rotating pairs of sessions inside patients, five variances.
rotating_case <- function(patients, sessions) {
  d <- expand.grid(coder = 1:3, session = 1:sessions, patient = 1:patients)
  d$y <- r6(rnorm(patients)[d$patient] + rnorm(patients * sessions)[(d$patient - 1) * sessions + d$session] +
    rnorm(3, 0, .6)[d$coder] + rnorm(patients * 3, 0, .5)[(d$patient - 1) * 3 + d$coder] + rnorm(nrow(d), 0, .5) + 4)
  d <- d[(d$patient + d$session) %% 3 + 1 != d$coder, ]
  fit <- lmer(y ~ 1 + (1 | patient) + (1 | patient:session) + (1 | coder) + (1 | patient:coder),
    transform(d, patient = factor(patient), session = factor(session), coder = factor(coder)), control = tight)
  v <- as.data.frame(VarCorr(fit))
  m <- setNames(v$vcov, v$grp)
  list(patient = d$patient, session = d$session, coder = d$coder, y = d$y,
       components = list(patient = m[["patient"]], session = m[["patient:session"]], coder = m[["coder"]],
                         coder_patient = m[["patient:coder"]], residual = m[["Residual"]]))
}
rotating <- rotating_case(30, 5)

versions <- list(R = as.character(getRversion()), psych = as.character(packageVersion("psych")),
                 lme4 = as.character(packageVersion("lme4")))
write(toJSON(list(versions = versions, icc = cases, incomplete = incomplete, nested = nested,
                  rotating = rotating, sweep = sweep, scales = scales,
                  kappas = kappas), digits = NA, auto_unbox = TRUE, na = "null", pretty = FALSE),
      file.path(here, "goldens.json"))
