# `sets`: the data sets of metadat as effects (yi, vi, number, factor, order, g_* groups), and made-up ones at the edges.
# Factor levels in the order of their bytes, as Python sorts them.
invisible(Sys.setlocale("LC_COLLATE", "C"))
suppressMessages({library(metafor); library(metadat); library(jsonlite)}); es <- escalc; options(warn = -1)
keep <- function(x, number = NULL, factor = NULL, order = NULL, groups = NULL) {
  x <- as.data.frame(x)
  usable <- is.finite(x$yi) & is.finite(x$vi) & x$vi > 0
  for (one in groups) usable <- usable & !is.na(x[[one]])
  x <- x[usable, , drop = FALSE]
  k <- nrow(x)
  column <- function(name, otherwise) if (is.null(name) || anyNA(x[[name]])) otherwise else x[[name]]
  out <- data.frame(yi = as.numeric(x$yi), vi = as.numeric(x$vi),
    number = as.numeric(column(number, (seq_len(k) * 7) %% 5 + seq_len(k) / k)),
    factor = as.character(column(factor, c("a", "b", "b", "c", "a")[(seq_len(k) - 1) %% 5 + 1])),
    order = as.numeric(column(order, rev(seq_len(k)))))
  rare <- names(which(table(out$factor) < 2))
  if (length(rare)) out$factor[out$factor %in% rare] <- names(which.max(table(out$factor)))
  if (length(unique(out$factor)) < 2) out$factor <- c("a", "b", "b")[(seq_len(k) - 1) %% 3 + 1]
  for (one in groups) out[[paste0("g_", one)]] <- as.character(x[[one]])
  out
}
two <- function(x, measure = "OR", ai, ci, n1i, n2i) { x$.a <- x[[ai]]; x$.c <- x[[ci]]; x$.n <- x[[n1i]]; x$.m <- x[[n2i]]; escalc(measure, ai = .a, ci = .c, n1i = .n, n2i = .m, data = x) }
numeric_year <- function(x) as.numeric(gsub("[^0-9]", "", x))

sets <- list()
sets$aloe2013 <- keep(es("SPCOR", ti = tval, ni = n, mi = preds, r2i = R2, data = dat.aloe2013), number = "n")
sets$anand1999 <- keep(two(dat.anand1999, "OR", "ai", "ci", "n1i", "n2i"), "year", "intensity", "year")
sets$assink2016 <- keep(dat.assink2016, "year", "deltype", "year", c("study", "esid"))
sets$axfors2021 <- keep(two(dat.axfors2021, "RR", "hcq_arm_event", "control_arm_event", "hcq_arm_total", "control_arm_total"), "hcq_arm_total", "Published")
x <- dat.bakdash2021; names(x)[names(x) == "es.z"] <- "yi"; names(x)[names(x) == "vi.z"] <- "vi"
sets$bakdash2021 <- keep(x, NULL, NULL, NULL, c("SampleID", "Outcome"))
sets$bangertdrowns2004 <- keep(dat.bangertdrowns2004, "grade", "subject", "year")
x <- dat.baskerville2012; x$yi <- x$smd; x$vi <- x$se^2
sets$baskerville2012 <- keep(x, "score", "design", "year")
sets$bcg_rd <- keep(es("RD", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg), "ablat", "alloc", "year")
sets$begg1989 <- keep(dat.begg1989, "arms", "trt", NULL, c("study"))
sets$berkey1998 <- keep(dat.berkey1998, "ni", "outcome", "year", c("trial", "outcome"))
sets$bonett2010 <- keep(es("AHW", ai = ai, mi = mi, ni = ni, data = dat.bonett2010), "ni", "caregivers")
sets$bornmann2007 <- keep(es("OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007), "year", "type", "year", c("study", "obs"))
sets$bourassa1996 <- keep(es("OR", ai = lh.le, bi = lh.re, ci = rh.le, di = rh.re, data = dat.bourassa1996, add = 1/2, to = "all"), "year", "selection", "year", c("study", "sample"))
sets$cannon2006 <- keep(es("RR", ai = ep1t, n1i = nt, ci = ep1c, n2i = nc, data = dat.cannon2006), "nt", "pop")
sets$cohen1981 <- keep(es("ZCOR", ri = ri, ni = ni, data = dat.cohen1981), "ni", "control")
sets$colditz1994 <- keep(es("OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.colditz1994), "year", "alloc", "year")
sets$collins1985a <- keep(es("OR", ai = b.xti, n1i = nti, ci = b.xci, n2i = nci, data = dat.collins1985a), "year", "ref", "year")
sets$collins1985b <- keep(es("OR", ai = pre.xti, n1i = pre.nti, ci = pre.xci, n2i = pre.nci, data = dat.collins1985b), "year", NULL, "year")
x <- dat.craft2003; x$pair <- paste(x$var1, x$var2, sep = "-")
sets$craft2003 <- keep(es("ZCOR", ri = ri, ni = ni, data = x), "ni", "sport", NULL, c("study", "pair"))
sets$crede2010 <- keep(es("ZCOR", ri = ri, ni = ni, data = subset(dat.crede2010, criterion == "grade")), "year", "class", "year", c("studyid", "sampleid"))
sets$curtis1998 <- keep(es("ROM", m1i = m2i, sd1i = sd2i, n1i = n2i, m2i = m1i, sd2i = sd1i, n2i = n1i, data = dat.curtis1998), "time", "fungrp", NULL, c("paper", "id"))
sets$dagostino1998 <- keep(es("SMD", m1i = mt, sd1i = sdt, n1i = tnt, m2i = mc, sd2i = sdc, n2i = tnc, data = subset(dat.dagostino1998, outcome != "x")), "tnt", "outcome", NULL, c("study"))
sets$damico2009 <- keep(two(dat.damico2009, "OR", "xt", "xc", "nt", "nc"), "year", "conceal", "year")
sets$debruin2009 <- keep(es("PLO", xi = xi, ni = ni, data = dat.debruin2009), "scq", "ethnicity", "year")
sets$dorn2007 <- keep(es("RR", ai = x.a, n1i = n.a, ci = x.p, n2i = n.p, data = dat.dorn2007), "jadad", "country", "year")
sets$egger2001 <- keep(two(dat.egger2001, "OR", "ai", "ci", "n1i", "n2i"), "year", NULL, "year")
sets$fine1993 <- keep(es("OR", ai = e2i, n1i = nei, ci = c2i, n2i = nci, data = dat.fine1993), "nei")
sets$frank2008 <- keep(es("OR", ai = bc.ins.ins, bi = ct.ins.ins, ci = bc.del.del, di = ct.del.del, data = dat.frank2008))
sets$gibson2002 <- keep(es("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.gibson2002), "n1i", "type", "year")
sets$graves2010 <- keep(two(dat.graves2010, "RR", "ai", "ci", "n1i", "n2i"), "n1i")
sets$hackshaw1998 <- keep(dat.hackshaw1998, "cases", "design", "year")
sets$hahn2001 <- keep(two(dat.hahn2001, "RR", "ai", "ci", "n1i", "n2i"), "n1i")
sets$hannum2020 <- keep(es("PR", xi = xi, ni = ni, data = dat.hannum2020), "ni", "objectivity")
sets$hart1999 <- keep(es("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999), "year", "prevtype", "year")
sets$hartmannboyce2018 <- keep(es("RR", ai = x.nrt, n1i = n.nrt, ci = x.ctrl, n2i = n.ctrl, data = dat.hartmannboyce2018), "n.nrt", "treatment")
sets$hine1989 <- keep(two(dat.hine1989, "RD", "ai", "ci", "n1i", "n2i"), "n1i")
x <- dat.ishak2007
x <- do.call(rbind, lapply(1:4, function(i) data.frame(study = x$study, time = i, mbase = x$mbase, yi = x[[paste0("y", i, "i")]], vi = x[[paste0("v", i, "i")]])))
sets$ishak2007 <- keep(x, "time", NULL, NULL, c("study", "time"))
sets$kalaian1996 <- keep(dat.kalaian1996, "year", "outcome", "year", c("study", "id"))
sets$kearon1998 <- keep(es("OR", ai = tp, n1i = np, ci = nn - tn, n2i = nn, data = dat.kearon1998), "year", "patients", "year")
sets$knapp2017 <- keep(dat.knapp2017, "n_sz", "task", NULL, c("study", "comp"))
sets$konstantopoulos2011 <- keep(dat.konstantopoulos2011, "year", NULL, "year", c("district", "school"))
sets$landenberger2005 <- keep(es("OR", ai = n.ctrl.rec, bi = n.ctrl.non, ci = n.cbt.rec, di = n.cbt.non, data = dat.landenberger2005), "interval", "design")
sets$laopaiboon2015 <- keep(two(dat.laopaiboon2015, "RR", "ai", "ci", "n1i", "n2i"), "year", "ctrl", "year")
sets$lau1992 <- keep(two(dat.lau1992, "OR", "ai", "ci", "n1i", "n2i"), "year", NULL, "year")
sets$lee2004 <- keep(two(dat.lee2004, "RR", "ai", "ci", "n1i", "n2i"), "year", NULL, "year")
sets$lehmann2018 <- keep(dat.lehmann2018, "Year", "Gender", "Year", c("Short_Title"))
sets$li2007 <- keep(two(dat.li2007, "RR", "ai", "ci", "n1i", "n2i"), "year", NULL, "year")
sets$lim2014 <- keep(es("ZCOR", ri = ri, ni = ni, data = transform(dat.lim2014$o_o_unadj)), NULL, NULL, NULL, c("article", "species"))
sets$linde2005 <- keep(two(dat.linde2005, "RR", "ai", "ci", "n1i", "n2i"), "year", "group", "year")
x <- dat.linde2016; x$yi <- x$lnOR; x$vi <- x$selnOR^2
sets$linde2016 <- keep(x, NULL, NULL, NULL, c("id", "treat1"))
x <- dat.lopez2019; x$yi <- x$diff; x$vi <- x$se^2
sets$lopez2019 <- keep(x, "cog", NULL, NULL, c("study"))
sets$mccurdy2020 <- keep(dat.mccurdy2020, "ni", "memory_test", NULL, c("article", "experiment", "sample", "id"))
sets$mcdaniel1994 <- keep(es("COR", ri = ri, ni = ni, data = dat.mcdaniel1994), "ni", "type")
sets$michael2013 <- keep(dat.michael2013, "No_brain_n", "Medium")
sets$molloy2014 <- keep(es("ZCOR", ri = ri, ni = ni, data = dat.molloy2014), "quality", "a_measure", "year")
sets$nakagawa2007 <- keep(es("ZCOR", ri = Correlation, ni = SampleSize, data = dat.nakagawa2007), "SampleSize", "Place")
sets$nielweise2007 <- keep(two(dat.nielweise2007, "OR", "ai", "ci", "n1i", "n2i"), "year", NULL, "year")
sets$nielweise2008 <- keep(es("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.nielweise2008), "year", NULL, "year")
sets$normand1999 <- keep(es("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999), "n1i")
sets$pagliaro1992 <- keep(es("PAS", xi = xi, ni = ni, data = dat.pagliaro1992), "ni", "trt", NULL, c("study", "trt"))
sets$pignon2000 <- keep(transform(dat.pignon2000, yi = OmE / V, vi = 1 / V), "V", "grp")
sets$pritz1997 <- keep(es("PFT", xi = xi, ni = ni, data = dat.pritz1997), "ni")
sets$raudenbush1985 <- keep(dat.raudenbush1985, "weeks", "setting", "year")
sets$riley2003 <- keep(dat.riley2003, NULL, "outcome", NULL, c("study", "outcome"))
sets$senn2013 <- keep(es("MN", mi = mi, sdi = sdi, ni = ni, data = dat.senn2013), "ni", "treatment", NULL, c("study", "treatment"))
sets$stowe2010 <- keep(es("MD", m1i = y1, sd1i = sd1, n1i = n1, m2i = y2, sd2i = sd2, n2i = n2, data = dat.stowe2010), "n1")
sets$tannersmith2016 <- keep(dat.tannersmith2016, "propmale", "sexmix", NULL, c("studyid", "aget1"))
sets$vanhowe1999 <- keep(es("OR", ai = non.pos, bi = non.neg, ci = cir.pos, di = cir.neg, data = dat.vanhowe1999), "non.neg", "category")
sets$viechtbauer2021 <- keep(es("OR", ai = xTi, n1i = nTi, ci = xCi, n2i = nCi, data = dat.viechtbauer2021), "dose")
sets$white2020 <- keep(es("ZCOR", ri = r, ni = n, data = dat.white2020), "n", "control", NULL, c("study_id", "obs"))
sets$woods2010 <- keep(es("PLO", xi = r, ni = N, data = dat.woods2010), "N", "treatment")
sets$yusuf1985 <- keep(es("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.yusuf1985), "n1i", "table", NULL, c("table", "id"))
sets$maire2019 <- keep(transform(dat.maire2019$dat, yi = s1, vi = vars1), NULL, NULL, NULL, c("site", "station"))
sets$moura2021 <- keep(es("ZCOR", ri = ri, ni = ni, data = dat.moura2021$dat), NULL, "spatially.pooled", NULL, c("study.id", "effect.size.id"))
sets$obrien2003 <- keep(es("PLO", xi = cases, ni = total, data = dat.obrien2003), "bmi", NULL, "year", c("study", "grp"))
sets$baker2009 <- keep(es("PLO", xi = exac, ni = total, data = dat.baker2009), "year", NULL, "year", c("study", "id"))
sets$dogliotti2014 <- keep(es("PLO", xi = stroke, ni = total, data = dat.dogliotti2014), "total", "treatment", NULL, c("study", "treatment"))
sets$dong2013 <- keep(es("PFT", xi = death, ni = randomized, data = dat.dong2013), "randomized", "treatment", NULL, c("id", "treatment"))
sets$gurusamy2011 <- keep(es("PAS", xi = death, ni = n, data = dat.gurusamy2011), "n", "treatment", NULL, c("study", "treatment"))
sets$hasselblad1998 <- keep(es("PLO", xi = xi, ni = ni, data = dat.hasselblad1998), "year", "trt", "year", c("study", "trt"))
sets$franchini2012 <- keep(es("MD", m1i = y1, sd1i = sd1, n1i = n1, m2i = y2, sd2i = sd2, n2i = n2, data = dat.franchini2012), "n1")
x <- transform(dat.besson2016, sd_e = exp_se * sqrt(exp_n), sd_c = con_se * sqrt(con_n))
sets$besson2016 <- keep(es("SMD", m1i = exp_mean, m2i = con_mean, sd1i = sd_e, sd2i = sd_c, n1i = exp_n, n2i = con_n, data = x), "exp_n", "manip_type", NULL, c("study_ID", "comp_ID"))

# Made-up effects at the edges: few, equal, variances over six decades, no or huge heterogeneity, near-collinear numbers.
set.seed(20250101)
made <- function(k, tau2, decades = 0.5, n = rnorm(k), f = sample(c("a", "b"), k, TRUE), round = NA) {
  vi <- 10^runif(k, -decades / 2, decades / 2) * 0.05
  yi <- rnorm(k, 0.3, sqrt(tau2 + vi))
  if (!is.na(round)) { yi <- round(yi, round); vi <- round(vi, 2) + 0.01 }
  if (length(unique(f)) < 2 || min(table(f)) < 2) f <- c("a", "b", "b")[(seq_len(k) - 1) %% 3 + 1]
  data.frame(yi = yi, vi = vi, number = n, factor = f, order = seq_len(k))
}
for (i in 1:4) sets[[paste0("two_", i)]] <- made(2, c(0, .1, 2, 50)[i])
for (i in 1:4) sets[[paste0("three_", i)]] <- made(3, c(0, .1, 2, 50)[i])
for (i in 1:6) sets[[paste0("decades_", i)]] <- made(c(6, 12, 30)[(i - 1) %% 3 + 1], c(.01, 1)[(i - 1) %/% 3 + 1], 6)
for (i in 1:3) sets[[paste0("none_", i)]] <- made(c(5, 10, 40)[i], 0)
for (i in 1:3) sets[[paste0("huge_", i)]] <- made(c(5, 10, 40)[i], 1e4)
for (i in 1:3) sets[[paste0("ties_", i)]] <- made(c(6, 12, 25)[i], .05, round = 1)
for (i in 1:3) { k <- c(8, 15, 30)[i]; sets[[paste0("collinear_", i)]] <- made(k, .05, n = 2000 + rnorm(k) * 1e-3) }
sets$equal_variances <- transform(made(10, .1), vi = 0.05)
sets$large_scale <- transform(made(12, .1), yi = yi * 1e3, vi = vi * 1e6)
sets$small_scale <- transform(made(12, .1), yi = yi * 1e-4, vi = vi * 1e-8)
