"""Who lives there: invented people with the names that one finds on real doorbells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """life: student, employed, retired, parent or trader. The first language is the account's."""

    first: str
    last: str
    feminine: bool
    life: str
    languages: tuple[str, ...]


_LIVES = {"s": "student", "e": "employed", "r": "retired", "p": "parent", "t": "trader"}


def _people(table: str) -> tuple[Person, ...]:
    """A row: first name, last name, f or m, first letter of the life, languages."""
    return tuple(
        Person(first, last, gender == "f", _LIVES[life], tuple(languages.split(",")))
        for first, last, gender, life, languages in map(str.split, table.strip().splitlines())
    )


BERLIN = _people("""
Ayşe Kaya f e de,tr,en
Jonas Lindner m s de,en
Katarzyna Wójcik f e de,pl,en
Minh Pham m e de,vi,en
Detlef Hoppe m r de
Rania Khoury f s de,ar,fr
Mehmet Aydın m e de,tr
Sabine Krause f p de
Kwame Owusu m t de,en
Olena Kovalenko f e de,uk,ru
Frieda Brandt f s de,en
Dmitri Petrow m e de,ru,en
Giulia Ferrara f s de,it,en
Heike Lorenz f r de
Omar Haddad m e de,ar,en
Jelena Marković f p de,sr,en
Uwe Zander m r de
Lan Nguyen f e de,vi
Mateo Castillo m s de,es,en
Elif Doğan f e de,tr,en
Torsten Pohl m t de,en
Leila Rahimi f e de,fa,en
Amir Begić m e de,bs
Chidinma Okafor f s de,en
Henrik Baumann m e de,en
Camille Rousseau f e de,fr,en
Serkan Yalçın m t de,tr,en
Agnieszka Zielińska f p de,pl
Farid Sediqi m s de,fa
Anke Schröter f r de
Priya Menon f e de,en,hi
Malte Kröger m s de,en
Hülya Arslan f p de,tr
Jürgen Wendt m r de
Eleni Papadaki f e de,el,en
Samir Nasser m e de,ar
Luisa Sommer f s de,en,es
Tuan Le m e de,vi
Yasmin El-Masri f e de,ar,en
Karol Nowak m t de,pl
Renate Pfeiffer f r de
Thiago Moreira m e de,pt,en
Rojin Demir f s de,ku,tr
Lukas Reimann m e de,en
Noa Shalev f e de,he,en
Bogdan Ionescu m e de,ro
Marlene Voigt f p de,fr
Cem Bulut m s de,tr,en
Svetlana Orlowa f r de,ru
Arjun Kulkarni m e de,en,hi
Hannah Seidel f s de,en
Tarik Hodžić m e de,bs,en
Mariam Traoré f e de,fr
Stefan Kunze m p de
Ines Carvalho f e de,pt
Hamid Azizi m t de,fa
Paula Dietrich f s de,en
Yusuf Çelik m e de,tr
Ilse Radtke f r de
Patrick Ebert m e de,en
""")

ZURICH = _people("""
Urs Ammann m r de
Lea Hürlimann f s de,en
Ardit Krasniqi m e de,sq,en
Élodie Favre f e fr,de,en
Regula Zürcher f r de,fr
Luca Bernasconi m e de,it
Meera Nadarajah f s de,ta,en
Beat Hofstetter m e de
João Ferreira m e de,pt
Seraina Caduff f p de,rm
Nico Zollinger m s de,en
Blerta Gashi f e de,sq
Julien Rochat m e fr,de
Corinne Brunner f p de,fr,en
Dragan Petković m t de,sr
Selam Tekle f s de,ti,en
Hansruedi Wyss m r de,fr
Ivana Babić f e de,hr,en
Suresh Kandiah m e de,ta,en
Chiara Fontana f e de,it,en
Emre Toprak m t de,tr,en
Vreni Bosshard f r de
Reto Casutt m e de,rm,it
Noémie Perret f s fr,de,en
Adrian Sutter m t de,en
Tenzin Dolma f e de,bo,en
Marco Ruggieri m e de,it
Petra Lüthi f p de
Dawit Habte m s de,ti,en
Fabienne Steiner f e de,fr
Simon Frei m s de,en
Isabel Navarro f e de,es,en
Pascal Giroud m t fr,de
Selin Aktaş f s de,tr
Thomas Weidmann m e de
Anna Wiśniewska f e de,pl,en
Karim Benali m e de,fr,ar
Mirjam Eggenberger f p de
Daniel Oertli m e de,en
Amina Yusuf f e de,so,en
""")
