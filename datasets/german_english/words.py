"""Words and forms, as text: what the grammar knows of the two languages."""

# Words. Gender m, f or n of a noun; w: masculine and weak, whose every case but the first singular is its
# plural. Then singular and plural, - for none, and the English, with its plural where that is irregular.

NOUNS = {
    "person": """
        m Mann Männer man men; f Frau Frauen woman women; n Kind Kinder child children; w Junge Jungen boy;
        n Mädchen Mädchen girl; m Lehrer Lehrer teacher; m Arzt Ärzte doctor; w Nachbar Nachbarn neighbour;
        w Student Studenten student; w Bauer Bauern farmer; m Koch Köche cook; f Köchin Köchinnen cook;
        f Lehrerin Lehrerinnen teacher; f Tante Tanten aunt; m Onkel Onkel uncle; m Freund Freunde friend;
        f Mutter Mütter mother; m Vater Väter father; f Schwester Schwestern sister;
        m Bruder Brüder brother; m Gast Gäste guest; m Maler Maler painter; f Sängerin Sängerinnen singer;
        w Polizist Polizisten policeman policemen; f Ärztin Ärztinnen doctor; w Kollege Kollegen colleague;
        f Königin Königinnen queen; m König Könige king
    """,
    "food": """
        m Apfel Äpfel apple; m Kuchen Kuchen cake; n Ei Eier egg; f Kartoffel Kartoffeln potato potatoes;
        f Orange Orangen orange; f Birne Birnen pear; f Suppe Suppen soup; m Pfannkuchen Pfannkuchen pancake
    """,
    "stuff": "n Brot - bread; m Käse - cheese; m Reis - rice; m Honig - honey",
    "drink": "m Kaffee - coffee; m Tee - tea; f Milch - milk; n Wasser - water; m Saft - juice",
    "text": """
        n Buch Bücher book; m Brief Briefe letter; f Zeitung Zeitungen newspaper; m Roman Romane novel;
        f Geschichte Geschichten story stories; n Gedicht Gedichte poem
    """,
    "lid": """
        n Fenster Fenster window; f Tür Türen door; m Schrank Schränke cupboard; m Koffer Koffer suitcase;
        f Schachtel Schachteln box boxes; n Tor Tore gate
    """,
    "wear": """
        m Mantel Mäntel coat; m Hut Hüte hat; f Jacke Jacken jacket; n Hemd Hemden shirt;
        n Kleid Kleider dress dresses; m Rock Röcke skirt; m Pullover Pullover jumper
    """,
    "device": """
        f Lampe Lampen lamp; n Radio Radios radio; m Computer Computer computer;
        f Maschine Maschinen machine
    """,
    "vehicle": """
        n Auto Autos car; n Fahrrad Fahrräder bicycle; n Boot Boote boat; m Traktor Traktoren tractor
    """,
    "room": """
        n Zimmer Zimmer room; f Küche Küchen kitchen; m Keller Keller cellar; n Büro Büros office;
        f Wohnung Wohnungen flat; f Garage Garagen garage
    """,
    "thing": """
        m Ball Bälle ball; n Bild Bilder picture; f Blume Blumen flower; n Geschenk Geschenke present;
        m Schlüssel Schlüssel key; m Ring Ringe ring; f Tasse Tassen cup; m Teller Teller plate;
        n Messer Messer knife knives; f Puppe Puppen doll; f Tasche Taschen bag; f Flasche Flaschen bottle;
        m Stuhl Stühle chair; m Tisch Tische table; f Uhr Uhren clock
    """,
    "animal": """
        m Hund Hunde dog; f Katze Katzen cat; n Pferd Pferde horse; m Vogel Vögel bird; f Kuh Kühe cow;
        f Maus Mäuse mouse mice; f Ziege Ziegen goat
    """,
    "place": """
        m Garten - garden; f Küche - kitchen; n Haus - house; f Schule - school; m Park - park;
        m Wald - forest; f Stadt - city; n Büro - office; n Museum - museum; m Laden - shop;
        f Kirche - church; m Keller - cellar; f Bibliothek - library; n Hotel - hotel
    """,
}

# Stems that take an ending before a noun, and their English.
ADJECTIVES = {
    "person": """
        alt old, jung young, freundlich friendly, nett nice, klug clever, reich rich, arm poor, faul lazy,
        klein small, berühmt famous, höflich polite, mutig brave, lustig funny
    """,
    "food": "frisch fresh, klein small, groß big, gut good, warm warm, süß sweet",
    "stuff": "frisch fresh, gut good, billig cheap, teur expensive",
    "drink": "kalt cold, warm warm, gut good, frisch fresh",
    "text": "lang long, kurz short, neu new, alt old, schön beautiful, interessant interesting",
    "lid": """
        klein small, groß big, alt old, neu new, schön beautiful, rot red, blau blue, grün green,
        schwarz black, weiß white, schwer heavy
    """,
    "wear": """
        klein small, groß big, alt old, neu new, schön beautiful, rot red, blau blue, grün green,
        schwarz black, weiß white, warm warm, billig cheap, teur expensive
    """,
    "device": """
        klein small, groß big, alt old, neu new, schön beautiful, billig cheap, teur expensive,
        kaputt broken
    """,
    "vehicle": """
        klein small, groß big, alt old, neu new, schön beautiful, rot red, blau blue, grün green,
        schwarz black, weiß white, schnell fast, langsam slow, kaputt broken
    """,
    "room": """
        klein small, groß big, alt old, neu new, schön beautiful, dunkl dark, hell bright, leer empty,
        schmutzig dirty
    """,
    "thing": """
        klein small, groß big, alt old, neu new, schön beautiful, rot red, blau blue, grün green,
        schwarz black, weiß white, schwer heavy, billig cheap, teur expensive
    """,
    "animal": "klein small, groß big, alt old, jung young, schwarz black, weiß white, braun brown",
}

# What follows "sein" and "be".
STATES = """
    müde tired, krank ill, hungrig hungry, durstig thirsty, glücklich happy, traurig sad, nervös nervous,
    wütend angry, stolz proud, zufrieden satisfied, allein alone
"""

# The infinitive, with | after a separable prefix; the stem of "du" and "er" where its vowel changes; the
# participle where it is irregular, with + where it goes with "sein". After the colon the English verb, with
# _ before words that follow it, or ~ where a pronoun stands between; then its past where that is irregular.
# A - is for what is regular. After the @ stand the kinds of things that the verb takes.
VERBS = {
    "transitive": """
        auf|machen - -: open @lid; zu|machen - -: close @lid; öffnen - -: open @lid;
        an|ziehen - gezogen: put~on put @wear; aus|ziehen - gezogen: take~off took @wear;
        an|machen - -: switch~on - @device; aus|machen - -: switch~off - @device;
        auf|räumen - -: tidy - @room; ein|packen - -: pack - @text wear thing;
        weg|werfen wirf geworfen: throw~away threw @text wear food;
        auf|essen iss gegessen: eat~up ate @food;
        mit|bringen - gebracht: bring brought @food drink stuff text thing;
        aus|suchen - -: choose chose @wear thing; auf|heben - gehoben: pick~up - @thing;
        vor|bereiten - -: prepare - @food; lesen lies gelesen: read read @text;
        schreiben - geschrieben: write wrote @text; kaufen - -: buy bought @any stuff;
        verkaufen - -: sell sold @any stuff; essen iss gegessen: eat ate @food stuff;
        trinken - getrunken: drink drank @drink; probieren - -: taste - @food stuff drink;
        bestellen - -: order - @food stuff drink; bezahlen - -: pay_for paid @food drink text wear thing;
        holen - -: fetch - @any stuff; reparieren - -: repair - @device vehicle lid;
        waschen wäsch gewaschen: wash - @wear vehicle; putzen - -: clean - @room lid;
        suchen - -: look_for - @any; finden - gefunden: find found @any;
        verlieren - verloren: lose lost @text wear thing;
        vergessen vergiss vergessen: forget forgot @text wear thing; malen - -: paint - @animal thing;
        zeichnen - -: draw drew @animal thing; füttern - -: feed fed @animal;
        streicheln - -: stroke - @animal; verstecken - -: hide hid @food text thing;
        benutzen - -: use - @device vehicle; stehlen stiehl gestohlen: steal stole @any;
        sehen sieh gesehen: see saw @animal vehicle thing lid; bauen - -: build built @vehicle device
    """,
    "person": """
        besuchen - -: visit; an|rufen - gerufen: call; ab|holen - -: pick~up; ein|laden läd geladen: invite;
        treffen triff getroffen: meet met; fragen - -: ask; suchen - -: look_for;
        sehen sieh gesehen: see saw; hören - -: hear heard; verstehen - verstanden: understand understood;
        wecken - -: wake~up woke; begrüßen - -: greet; aus|lachen - -: laugh_at; an|lächeln - -: smile_at;
        beobachten - -: watch; loben - -: praise; umarmen - umarmt: hug hugged;
        finden - gefunden: find found
    """,
    "dative": """
        helfen hilf geholfen: help; danken - -: thank; folgen - +gefolgt: follow; antworten - -: answer;
        zu|hören - -: listen_to; vertrauen - -: trust; gratulieren - -: congratulate;
        zu|sehen sieh gesehen: watch
    """,
    "giving": """
        geben gib gegeben: give gave @food text thing wear; zeigen - -: show - @text thing animal vehicle;
        schicken - -: send sent @text thing wear; leihen - geliehen: lend lent @text thing vehicle wear;
        bringen - gebracht: bring brought @food drink stuff text thing;
        vor|lesen lies gelesen: read read @text;
        zurück|geben gib gegeben: give~back gave @text thing vehicle wear;
        erklären - -: explain - @text device; verkaufen - -: sell sold @animal vehicle device food;
        beschreiben - beschrieben: describe - @animal thing room
    """,
    "activity": """
        schlafen schläf geschlafen: sleep slept; arbeiten - -: work; warten - -: wait;
        singen - gesungen: sing sang; tanzen - -: dance; spielen - -: play; lachen - -: laugh;
        weinen - -: cry; lächeln - -: smile; lernen - -: learn; essen iss gegessen: eat ate;
        träumen - -: dream; fern|sehen sieh gesehen: watch_television; malen - -: paint; kochen - -: cook;
        rauchen - -: smoke
    """,
    "change": """
        auf|stehen - +gestanden: get_up got; ein|schlafen schläf +geschlafen: fall_asleep fell;
        auf|wachen - +gewacht: wake_up woke; an|kommen - +gekommen: arrive;
        ein|kaufen - -: go_shopping went; zurück|kommen - +gekommen: come_back came;
        weg|laufen läuf +gelaufen: run_away ran; aus|gehen - +gegangen: go_out went;
        ab|reisen - +gereist: leave left
    """,
    "movement": """
        gehen - +gegangen: go went; laufen läuf +gelaufen: run ran; kommen - +gekommen: come came;
        zurück|gehen - +gegangen: go_back went; schleichen - +geschlichen: sneak;
        rennen - +gerannt: run ran; zurück|laufen läuf +gelaufen: run_back ran
    """,
    "saying": """
        sagen - -: say said; glauben - -: believe; hoffen - -: hope; denken - gedacht: think thought;
        wissen - gewusst: know knew; vergessen vergiss vergessen: forget forgot
    """,
    "asking": "fragen - -: ask; wissen - gewusst: know knew",
    "trying": """
        versuchen - -: try; planen - -: plan planned; vergessen vergiss vergessen: forget forgot;
        beschließen - beschlossen: decide; an|fangen fäng gefangen: start
    """,
}
ANY = "food drink text wear device vehicle thing animal"

# Adverbials of time: the tenses that they go with, what they do, German and English. "first": they may come
# first; "nicht": they go with a negation; "often": in English they stand before the verb.
TIMES = (
    (
        "present past werden modal",
        "first nicht",
        """
        heute: today; am Morgen: in the morning; am Abend: in the evening; am Montag: on Monday;
        am Dienstag: on Tuesday; am Mittwoch: on Wednesday; am Donnerstag: on Thursday; am Freitag: on Friday;
        am Samstag: on Saturday; am Sonntag: on Sunday; vor dem Essen: before the meal;
        nach der Arbeit: after work; nach der Schule: after school
        """,
    ),
    ("present past werden", "first nicht", "im Winter: in winter; im Sommer: in summer"),
    ("past", "first nicht", "gestern: yesterday; letzte Woche: last week"),
    ("present modal", "first nicht", "jetzt: now"),
    ("werden modal", "first nicht", "morgen: tomorrow; nächste Woche: next week"),
    ("werden", "first", "bald: soon"),
    ("present past modal", "first", "jeden Tag: every day"),
    ("present past", "first often", "oft: often; manchmal: sometimes"),
    ("present past", "often", "immer: always; nie: never; selten: rarely"),
)

# Endings: nominative, accusative and dative of masculine, feminine, neuter and plural, - for none.
ENDINGS = {
    "the": "er en em, ie ie er, as as em, ie ie en",
    "a": "- en em, e e er, - - em, e e en",
    "none": "- - -, - - -, - - -, - - -",
    "weak": "e en en, e e en, e e en, en en en",
    "mixed": "er en en, e e en, es es en, en en en",
    "strong": "er en em, e e er, es es em, e e en",
}

# Finite forms for ich, du, er, wir, ihr, sie.
FINITE = {
    "haben": "habe hast hat haben habt haben",
    "sein": "bin bist ist sind seid sind",
    "war": "war warst war waren wart waren",
    "wissen": "weiß weißt weiß wissen wisst wissen",
    "werden": "werde wirst wird werden werdet werden",
    "können": "kann kannst kann können könnt können",
    "sollen": "soll sollst soll sollen sollt sollen",
    "müssen": "muss musst muss müssen müsst müssen",
    "wollen": "will willst will wollen wollt wollen",
    "dürfen": "darf darfst darf dürfen dürft dürfen",
}
MODALS = ("können", "sollen", "müssen", "wollen", "dürfen")
AUXILIARIES = {"werden": "will", "können": "can", "sollen": "should"}
LEXICAL = {"müssen": ("have to", "has to"), "wollen": ("want to", "wants to")}
BE = {"present": "am are is are are are", "past": "was were was were were were"}
HE, THEY = 2, 5  # the persons of nouns
SPOUSES = {"man", "woman"}  # "mein Mann" would be "my husband"
PRONOUNS = (("ich", "I", 0), ("du", "you", 1), ("er", "he", 2), ("sie", "she", 2),
            ("wir", "we", 3), ("ihr", "you", 4), ("sie", "they", 5))  # fmt: skip
# Accusative, dative, English, and the subjects' persons that would make them reflexive.
OBJECTS = (("mich", "mir", "me", (0, 3)), ("dich", "dir", "you", (1, 4)), ("ihn", "ihm", "him", ()),
           ("uns", "uns", "us", (0, 3)), ("euch", "euch", "you", (1, 4)))  # fmt: skip
