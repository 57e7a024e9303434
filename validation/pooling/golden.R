# Golden values for ruptureflow.pooling from metafor and clubSandwich.
# Run from this folder:  Rscript golden.R   (writes golden.json)
suppressMessages({library(metafor); library(clubSandwich); library(jsonlite)})
options(warn = 1, na.action = "na.omit")

# metafor's default REML stops at a change of 1e-5 and its root searches at 1.2e-4; both are set tight here.
tight <- list(threshold = 1e-12, maxiter = 10000, tol = 1e-13)
methods <- c(fixed = "FE", dl = "DL", he = "HE", hs = "HS", sj = "SJ", ml = "ML", reml = "REML", eb = "EB",
             pm = "PM", genq = "GENQ")
tests <- c(z = "z", t = "t", `knapp-hartung` = "knha", adhoc = "adhoc")
num <- function(x) { x <- as.numeric(x); x }

data <- list(
  bcg = with(escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
    data.frame(yi = c(yi), vi = vi, number = ablat, factor = alloc, year = year)),
  molloy = with(escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.molloy2014),
    data.frame(yi = c(yi), vi = vi, number = meanage, factor = design, year = year)),
  mcdaniel = with(subset(escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.mcdaniel1994), !is.na(struct) & !is.na(type)),
    data.frame(yi = c(yi), vi = vi, number = ni / 100, factor = type, year = study)),
  # Three studies whose Q lies below its df: every truncated estimator gives zero.
  repair = data.frame(yi = atanh(c(.1867, .2566, .3901)), vi = (atanh(c(.1867, .2566, .3901)) / c(1.64, 1.77, 2.12))^2,
    number = c(1, 2, 4), factor = c("a", "b", "b"), year = c(2004, 2007, 2006)))

weights_of <- function(d) 1 / (d$vi + 0.1)

fit_values <- function(d, method, test, mods) {
  args <- list(yi = d$yi, vi = d$vi, method = methods[[method]], test = tests[[test]], control = tight)
  if (method == "genq") args$weights <- weights_of(d)
  if (mods == "number") args$mods <- ~ d$number
  if (mods == "both") args$mods <- ~ d$number + d$factor
  r <- suppressWarnings(do.call(rma.uni, args))
  out <- list(beta = num(r$beta), se = num(r$se), df = if (is.null(r$ddf) || all(is.na(r$ddf))) NA else num(r$ddf[1]),
    statistic = num(r$zval), p = num(r$pval), ci_low = num(r$ci.lb), ci_high = num(r$ci.ub), tau2 = num(r$tau2),
    tau2_se = if (method == "fixed") NA else num(r$se.tau2), i2 = num(r$I2), h2 = num(r$H2), q = num(r$QE),
    q_p = num(r$QEp), ll = num(logLik(r)), weights = num(weights(r)))
  if (mods != "none") { out$qm <- num(r$QM); out$qm_p <- num(r$QMp); out$r2 <- if (is.null(r$R2)) NA else num(r$R2) }
  if (mods == "none") {
    p <- predict(r)
    out$pi <- if (method == "fixed") NA else num(c(p$pi.lb, p$pi.ub))
  }
  out
}

grid <- list()
for (name in names(data)) for (method in names(methods)) for (test in names(tests)) {
  wanted <- if (name == "repair") "none" else c("none", "number", "both")
  for (mods in wanted)
    grid[[length(grid) + 1]] <- c(list(data = name, method = method, test = test, mods = mods),
      fit_values(data[[name]], method, test, mods))
}

# tau2 intervals: Q-profile for each data set and moderators; profile likelihood for ML and REML.
intervals <- list()
for (name in names(data)) {
  d <- data[[name]]
  for (level in c(95, 90)) {
    r <- rma.uni(d$yi, d$vi, control = tight, level = level)
    ci <- confint(r, control = list(tol = 1e-13, tau2.max = 1000))$random
    intervals[[length(intervals) + 1]] <- list(data = name, kind = "q-profile", level = level / 100,
      tau2 = num(ci["tau^2", 2:3]), i2 = num(ci["I^2(%)", 2:3]), h2 = num(ci["H^2", 2:3]))
  }
  if (name != "repair") for (method in c("ml", "reml")) {
    r <- rma.uni(d$yi, d$vi, method = methods[[method]], control = tight)
    ci <- confint(r, type = "PL", control = list(tol = 1e-12))$random
    intervals[[length(intervals) + 1]] <- list(data = name, kind = "profile-likelihood", method = method, level = .95,
      tau2 = num(ci["tau^2", 2:3]))
  }
}

diagnostics <- list()
for (name in c("bcg", "molloy")) for (method in c("reml", "dl", "fixed")) for (test in c("z", "knapp-hartung")) {
  d <- data[[name]]
  r <- suppressWarnings(rma.uni(d$yi, d$vi, method = methods[[method]], test = tests[[test]], control = tight))
  l <- suppressWarnings(leave1out(r)); i <- suppressWarnings(influence(r))
  cu <- suppressWarnings(cumul(r, order = d$year))
  pdf(NULL); b <- suppressWarnings(baujat(r)); dev.off()
  e <- list()
  for (model in c("rma", "lm")) for (predictor in c("sei", "vi")) {
    t <- suppressWarnings(regtest(r, model = model, predictor = predictor))
    e[[paste(model, predictor)]] <- list(statistic = num(t$zval), p = num(t$pval), estimate = num(t$est), ci = num(c(t$ci.lb, t$ci.ub)))
  }
  tf <- list()
  for (estimator in c("L0", "R0", "Q0")) {
    t <- suppressWarnings(trimfill(r, estimator = estimator, control = tight))
    tf[[estimator]] <- list(k0 = num(t$k0), se = num(t$se.k0), side = t$side, estimate = num(t$beta), tau2 = num(t$tau2))
  }
  k <- ranktest(r)
  diagnostics[[length(diagnostics) + 1]] <- list(data = name, method = method, test = test,
    leave_one_out = list(estimate = num(l$estimate), se = num(l$se), p = num(l$pval), tau2 = num(l$tau2), q = num(l$Q), i2 = num(l$I2), h2 = num(l$H2)),
    cumulative = list(estimate = num(cu$estimate), se = num(cu$se), ci_low = num(cu$ci.lb), tau2 = num(cu$tau2), i2 = num(cu$I2)),
    influence = c(lapply(unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")], num),
      list(dfbetas = num(i$dfbs[[1]]), influential = as.logical(i$is.infl))),
    baujat = list(x = num(b$x), y = num(b$y)), egger = e, trim_fill = tf, rank = list(tau = num(k$tau), p = num(k$pval)))
}
# Influence of a meta-regression.
d <- data$bcg
i <- influence(rma.uni(d$yi, d$vi, mods = ~ d$number, control = tight))
influence_mods <- c(lapply(unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")], num),
  list(dfbetas0 = num(i$dfbs[[1]]), dfbetas1 = num(i$dfbs[[2]])))
r <- rma.uni(d$yi[1:7], d$vi[1:7], control = tight)
g <- gosh(r, progbar = FALSE)
gosh_values <- list(estimate = sort(num(g$res[, "estimate"])), q = sort(num(g$res[, "QE"])), k = length(g$res[, 1]))

failsafe <- lapply(data, function(d) list(rosenthal = num(fsn(d$yi, d$vi)$fsnum), orwin = num(fsn(d$yi, type = "Orwin")$fsnum),
  orwin_target = num(fsn(d$yi, type = "Orwin", target = .05)$fsnum), rosenberg = num(fsn(d$yi, d$vi, type = "Rosenberg")$fsnum)))

selection <- list()
for (case in list(list("molloy", c(.025), "greater"), list("mcdaniel", c(.025, .5), "greater"), list("bcg", c(.025, .5), "less"))) {
  d <- data[[case[[1]]]]
  r <- rma.uni(d$yi, d$vi, method = "ML", control = tight)
  s <- suppressWarnings(selmodel(r, type = "stepfun", steps = case[[2]], alternative = case[[3]],
    control = list(reltol = 1e-15, maxit = 10000)))
  selection[[length(selection) + 1]] <- list(data = case[[1]], steps = I(case[[2]]), alternative = case[[3]], beta = num(s$beta),
    se = num(s$se), tau2 = num(s$tau2), tau2_se = num(s$se.tau2), delta = num(s$delta), delta_se = num(s$se.delta),
    lrt = num(s$LRT), lrt_p = num(s$LRTp), ll = num(logLik(s)))
}

# Subgroups: separate tau2 (each pooled alone, then fixed-effect Q of the pools), and one tau2.
subgroups <- list()
for (method in c("reml", "dl")) {
  d <- data$bcg
  parts <- lapply(unique(d$factor), function(f) rma.uni(d$yi[d$factor == f], d$vi[d$factor == f], method = methods[[method]], test = "z", control = tight))
  est <- sapply(parts, function(r) num(r$beta)); se <- sapply(parts, function(r) num(r$se))
  between <- rma.uni(est, se^2, method = "FE")
  d$factor <- factor(d$factor, levels = unique(d$factor))
  common <- rma.uni(d$yi, d$vi, mods = ~ d$factor - 1, method = methods[[method]], test = "z", control = tight)
  ref <- rma.uni(d$yi, d$vi, mods = ~ d$factor, method = methods[[method]], test = "z", control = tight)
  subgroups[[length(subgroups) + 1]] <- list(method = method, names = levels(d$factor), estimate = est, se = se,
    tau2 = sapply(parts, function(r) num(r$tau2)), q = num(between$QE), p = num(between$QEp),
    common_estimate = num(common$beta), common_se = num(common$se), common_tau2 = num(common$tau2), common_q = num(ref$QM), common_p = num(ref$QMp))
}

# Multilevel.
# nlminb gives up where it can't reach a tolerance: the tightest that it can.
fit_mv <- function(...) {
  for (rel in c(1e-13, 1e-12, 1e-11, 1e-10)) {
    r <- try(suppressWarnings(rma.mv(..., control = list(rel.tol = rel, x.tol = 1e-12))), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  stop(r)
}
kons <- dat.konstantopoulos2011
assink <- dat.assink2016
ml_data <- list(
  konstantopoulos = data.frame(yi = c(kons$yi), vi = kons$vi, outer = kons$district, inner = kons$study, number = kons$year),
  assink = data.frame(yi = c(assink$yi), vi = assink$vi, outer = assink$study, inner = assink$esid, number = assink$year))
multilevel <- list()
for (name in names(ml_data)) for (method in c("reml", "ml")) for (test in c("z", "t")) for (mods in c("none", "number")) {
  d <- ml_data[[name]]
  args <- list(yi = d$yi, V = d$vi, random = ~ 1 | outer / inner, data = d, method = toupper(method), test = test)
  if (mods == "number") args$mods <- ~ number
  r <- do.call(fit_mv, args)
  p <- if (mods == "none") predict(r) else NULL
  out <- list(data = name, method = method, test = test, mods = mods, beta = num(r$beta), se = num(r$se), p = num(r$pval),
    ci_low = num(r$ci.lb), ci_high = num(r$ci.ub), sigma2 = num(r$sigma2), q = num(r$QE), q_p = num(r$QEp), ll = num(logLik(r)))
  if (mods == "none") out$pi <- num(c(p$pi.lb, p$pi.ub)) else { out$qm <- num(r$QM); out$qm_p <- num(r$QMp) }
  multilevel[[length(multilevel) + 1]] <- out
}

robust <- list()
for (name in names(ml_data)) for (mods in c("none", "number")) for (model in c("uni", "mv")) {
  d <- ml_data[[name]]
  form <- if (mods == "none") ~ 1 else ~ number
  r <- if (model == "uni") rma.uni(yi, vi, mods = form, data = d, control = tight)
       else fit_mv(yi = d$yi, V = d$vi, mods = form, random = ~ 1 | outer / inner, data = d)
  ct <- coef_test(r, vcov = "CR2", cluster = d$outer)
  df_name <- if ("df_Satt" %in% names(ct)) "df_Satt" else "df"
  p_name <- if ("p_Satt" %in% names(ct)) "p_Satt" else "p"
  robust[[length(robust) + 1]] <- list(data = name, mods = mods, model = model, beta = num(ct$beta), se = num(ct$SE),
    df = num(ct[[df_name]]), p = num(ct[[p_name]]))
}

berkey <- dat.berkey1998[c("trial", "outcome", "yi", "vi")]
multivariate <- list()
for (method in c("reml", "ml")) for (struct in c("UN", "DIAG")) for (rho in c(0, .5)) {
  V <- bldiag(lapply(split(berkey$vi, berkey$trial), function(v) { S <- rho * sqrt(v) %*% t(sqrt(v)); diag(S) <- v; S }))
  r <- fit_mv(yi = berkey$yi, V = V, mods = ~ factor(outcome, levels = c("PD", "AL")) - 1, random = ~ factor(outcome, levels = c("PD", "AL")) | trial, struct = struct,
    data = berkey, method = toupper(method))
  multivariate[[length(multivariate) + 1]] <- list(method = method, structure = tolower(struct), rho = rho, beta = num(r$beta),
    se = num(r$se), G = matrix(num(r$G), 2), q = num(r$QE), ll = num(logLik(r)))
}

es <- function(...) { e <- escalc(...); list(estimate = num(e$yi), variance = num(e$vi)) }
m <- list(m1 = c(10.2, 5.1, 0.4), sd1 = c(2.1, 1.4, 0.9), n1 = c(20, 35, 8), m2 = c(8.8, 5.4, -0.3), sd2 = c(2.6, 1.1, 1.2), n2 = c(24, 30, 11))
pp <- list(post = c(12.1, 8.3), pre = c(18.4, 9.9), sd_pre = c(5.2, 2.2), sd_post = c(6.1, 2.9), n = c(22, 40), r = c(.5, .72))
tab <- list(ai = c(12, 0, 5), n1 = c(40, 25, 30), ci = c(20, 4, 5), n2 = c(41, 24, 28))
effect_sizes <- list(inputs = list(means = m, prepost = pp, tables = tab, r = c(.31, -.62, .05), n = c(25, 60, 11)),
  smd_ls = with(m, es("SMD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2)),
  smd_ub = with(m, es("SMD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2, vtype = "UB")),
  smd_ls2 = with(m, es("SMD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2, vtype = "LS2")),
  md = with(m, es("MD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2)),
  rpb = with(m, es("RPB", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2)),
  smcr = with(pp, es("SMCR", m1i = post, m2i = pre, sd1i = sd_pre, ni = n, ri = r)),
  smcc = with(pp, es("SMCC", m1i = post, m2i = pre, sd1i = sd_post, sd2i = sd_pre, ni = n, ri = r)),
  log_or = with(tab, es("OR", ai = ai, n1i = n1, ci = ci, n2i = n2)),
  log_rr = with(tab, es("RR", ai = ai, n1i = n1, ci = ci, n2i = n2)),
  cor = es("COR", ri = c(.31, -.62, .05), ni = c(25, 60, 11)), zcor = es("ZCOR", ri = c(.31, -.62, .05), ni = c(25, 60, 11)))

writeLines(toJSON(list(
  versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
    clubSandwich = as.character(packageVersion("clubSandwich")), metadat = as.character(packageVersion("metadat"))),
  calls = list(uni = "rma.uni(yi, vi, mods, method, test, control = list(threshold = 1e-12, maxiter = 10000, tol = 1e-13))",
    mv = "rma.mv(yi, V, random = ~ 1 | outer / inner, control = list(rel.tol = 1e-13 … 1e-10, x.tol = 1e-12))",
    robust = "coef_test(fit, vcov = 'CR2', cluster = outer)", genq_weights = "1 / (vi + 0.1)"),
  data = data, multilevel_data = ml_data, berkey = berkey, grid = grid, intervals = intervals, diagnostics = diagnostics,
  influence_mods = influence_mods, gosh = gosh_values, failsafe = failsafe, selection = selection, subgroups = subgroups,
  multilevel = multilevel, robust = robust, multivariate = multivariate, effect_sizes = effect_sizes),
  digits = NA, auto_unbox = TRUE, na = "null", dataframe = "columns"), "golden.json")
