-- Quarto's cross-references for pandoc alone: @tbl-, @fig- and @sec- become numbered links, captions get their number.
-- Runs before citeproc, which would take them for citations.

local NAMES = { tbl = "Table", fig = "Figure", sec = "Section" }
local numbers = {}
local counts = { tbl = 0, fig = 0 }
local sections = {}

local function kind_of(id)
  return id:match("^(%a+)%-")
end

local function numbered(id)
  local kind = kind_of(id)
  counts[kind] = counts[kind] + 1
  numbers[id] = tostring(counts[kind])
end

local function caption_with(id, blocks)
  local lead = pandoc.Strong({ NAMES[kind_of(id)] .. "\u{a0}" .. numbers[id] })
  -- A bookmark that links can reach: a table's own id is lost in Word.
  local inlines = pandoc.Inlines({ FORMAT == "docx" and pandoc.Span({ lead }, { id = id }) or lead, pandoc.LineBreak() })
  for _, block in ipairs(blocks) do
    if block.content then
      inlines:extend({ pandoc.Emph(block.content) })
    end
  end
  return pandoc.Blocks({ pandoc.Plain(inlines) })
end

local collect = {
  traverse = "topdown",
  Header = function(header)
    if header.classes:includes("unnumbered") then
      return nil
    end
    for level = header.level + 1, 6 do
      sections[level] = nil
    end
    sections[header.level] = (sections[header.level] or 0) + 1
    local parts = {}
    for level = 1, header.level do
      parts[level] = tostring(sections[level] or 0)
    end
    if header.identifier ~= "" then
      numbers[header.identifier] = table.concat(parts, ".")
    end
  end,
  Table = function(tbl)
    if kind_of(tbl.identifier) == "tbl" then
      numbered(tbl.identifier)
      tbl.caption.long = caption_with(tbl.identifier, tbl.caption.long)
      if FORMAT == "docx" then
        tbl.identifier = ""
      end
      return tbl
    end
  end,
  Figure = function(figure)
    if kind_of(figure.identifier) == "fig" then
      numbered(figure.identifier)
      figure.caption.long = caption_with(figure.identifier, figure.caption.long)
      if FORMAT == "docx" then
        figure.identifier = ""
      end
      return figure
    end
  end,
}

local refer = {
  Cite = function(cite)
    local links = pandoc.Inlines({})
    for _, citation in ipairs(cite.citations) do
      local kind = kind_of(citation.id)
      if not NAMES[kind] then
        return nil
      end
      if not numbers[citation.id] then
        error("no such table, figure or section: @" .. citation.id)
      end
      if #links > 0 then
        links:extend({ pandoc.Str(","), pandoc.Space() })
      end
      links:insert(pandoc.Link({ pandoc.Str(NAMES[kind] .. "\u{a0}" .. numbers[citation.id]) }, "#" .. citation.id))
    end
    return links
  end,
  Image = function(image)
    local alt = image.attributes["fig-alt"]
    if alt then
      image.attributes["fig-alt"] = nil
      image.attributes["alt"] = FORMAT:match("html") and alt or nil
      if not FORMAT:match("html") then
        image.caption = { pandoc.Str(alt) }
      end
    end
    return image
  end,
}

-- typst squeezes text columns below their longest word where a table is too wide. Such tables get widths here: each
-- column its longest word, and of the rest a share by what its longest text asks for.
local PAGE, LONGEST, PADDING = 118, 46, 2

local function widths(tbl)
  local asked, least = {}, {}
  for column = 1, #tbl.colspecs do
    asked[column], least[column] = 2, 2
  end
  local function measure(rows)
    for _, row in ipairs(rows) do
      for column, cell in ipairs(row.cells) do
        local text = pandoc.utils.stringify(cell.contents)
        asked[column] = math.max(asked[column], math.min(LONGEST, pandoc.text.len(text)) + PADDING)
        -- Lines end after a dash too, but not at a space that holds its words together.
        for word in text:gsub("%-", "- "):gsub("–", "– "):gmatch("%S+") do
          least[column] = math.max(least[column], pandoc.text.len(word) + PADDING)
        end
      end
    end
  end
  measure(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do
    measure(body.body)
  end
  local wish, need = 0, 0
  for column = 1, #asked do
    least[column] = math.min(least[column], asked[column])
    wish, need = wish + asked[column], need + least[column]
  end
  if wish <= PAGE then
    return tbl
  end
  for column, spec in ipairs(tbl.colspecs) do
    local width = least[column] / need
    if need < PAGE then
      width = (least[column] + (asked[column] - least[column]) * (PAGE - need) / (wish - need)) / PAGE
    end
    tbl.colspecs[column] = { spec[1], width }
  end
  return tbl
end

-- A cell that begins with one of these would be a heading or a list to typst; pandoc does not escape them there.
local function escaped(str)
  if str.text:match("^[=+/-]+$") then
    return pandoc.RawInline("typst", "\\" .. str.text)
  end
end

-- The banner of simulated waves as a box; other formats have a style for it.
local function boxed(div)
  if div.classes:includes("watermark") then
    local content = div.content
    content:insert(1, pandoc.RawBlock("typst", '#block(width: 100%, inset: 8pt, stroke: 1pt + rgb("#b0322b"))['))
    content:insert(pandoc.RawBlock("typst", "]"))
    return content
  end
end

function Pandoc(doc)
  doc = doc:walk(collect):walk(refer)
  return FORMAT == "typst" and doc:walk({ Table = widths, Div = boxed }):walk({ Str = escaped }) or doc
end
